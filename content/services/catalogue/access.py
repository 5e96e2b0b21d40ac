"""Access to items and their history."""

from functools import cached_property

from content.models import Content, User, Wallet


class Viewer:
    """A user who views items; reads the user's wallets once, for any number of items."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def addresses(self) -> frozenset[str]:
        return frozenset(Wallet.objects.owned_by(self.user).values_list("address", flat=True))

    @cached_property
    def is_overseer(self) -> bool:
        """Staff who may view all content."""
        user = self.user
        return user.is_active and user.is_staff and user.has_perm("content.view_content")

    def may_open(self, content: Content) -> bool:
        """Return True for users with access to the content: its owner and permitted staff."""
        return self.is_overseer or content.creator_id in self.addresses

    def may_see_history(self, content: Content) -> bool:
        return self.is_overseer or content.creator_id in self.addresses
