"""The pages about batches."""
