"""The pages that speak of batches."""
