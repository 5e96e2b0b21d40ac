"""The wallets' admin with the used part of the hourly quota."""

from unfold.decorators import display

from batches.services.quota import quota_of
from content.admin.base import replace
from content.admin.people import WalletAdmin
from content.models import Wallet


class BatchWalletAdmin(WalletAdmin):
    list_display = [*WalletAdmin.list_display, "show_quota"]

    @display(description="Batches this hour")
    def show_quota(self, wallet: Wallet) -> str:
        if not wallet.is_creator:
            return "–"
        quota = quota_of(wallet)
        return f"{quota.limit - quota.remaining:,} of {quota.limit:,}"


replace(Wallet, BatchWalletAdmin)
