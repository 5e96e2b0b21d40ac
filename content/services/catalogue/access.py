"""Who may open an item, and who may look into its past."""

from functools import cached_property

from content.models import Content, User, Wallet


class Viewer:
    """A person who looks at items; asks for the own wallets once, however many items."""

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
        """May have what is paid for: the owner and overseers, until things can be bought."""
        return self.is_overseer or content.creator_id in self.addresses

    def may_see_history(self, content: Content) -> bool:
        return self.is_overseer or content.creator_id in self.addresses
