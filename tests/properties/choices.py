"""The possible inputs of the property test; few values, so that they collide often."""

from hypothesis import strategies as st

OWN = {"alice": [f"a{number}" for number in range(5)], "bob": [f"b{number}" for number in range(4)]}
KNOWN = [key for keys in OWN.values() for key in keys]
UNKNOWN = ["unknown", "nowhere"]
CREATORS = sorted(OWN)
ACTORS = ["alice", "bob", "staff", "carol"]

prices = st.sampled_from([0, 1, 3, 2_000_000, 10**15])
percents = st.sampled_from([10, -50, 100, -100, 1000, 12.5, -0.01])
gates = st.sampled_from([True, False, {"enabled": True, "minBalance": 5}])
updates = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["New", "Newer", "<b>Newest</b>"]),
        "tokenGating": gates,
        "refundable": st.booleans(),
        "refundWindowDays": st.sampled_from([0, 14]),
    },
).filter(bool)
# A kind with the fields of the body that are its own.
changes = st.one_of(
    st.tuples(st.just("update-price"), st.fixed_dictionaries({"newPrice": prices})),
    st.tuples(st.just("update-price"), st.fixed_dictionaries({"percentChange": percents})),
    st.tuples(st.just("update-metadata"), st.fixed_dictionaries({"updates": updates})),
    st.tuples(
        st.just("remove-content"),
        st.fixed_dictionaries({}, optional={"removalReason": st.sampled_from(["", "Over"])}),
    ),
    st.tuples(st.just("restore-content"), st.just({})),
)
edits = st.one_of(updates, st.fixed_dictionaries({"price": prices}))

# Own ones, foreign ones and unknown ones; a batch takes five, so six are too many.
any_ids = st.lists(st.sampled_from(KNOWN + UNKNOWN), min_size=1, max_size=6, unique=True)
own_ids = {
    name: st.lists(st.sampled_from(keys), min_size=2, unique=True) for name, keys in OWN.items()
}
many_ids = st.one_of(st.just(KNOWN), st.permutations(KNOWN + UNKNOWN), any_ids, *own_ids.values())
# Who asks, for whom (None for not saying), for which items: mostly what is allowed.
selections = st.one_of(
    *(
        st.tuples(st.just(by), st.just(named), st.one_of(own_ids[named or by], any_ids))
        for by, named in [
            ("alice", None),
            ("bob", "bob"),
            ("staff", "alice"),
            ("alice", None),
            ("staff", "bob"),
        ]
    ),
    st.tuples(st.sampled_from(ACTORS), st.sampled_from([None, *CREATORS, "carol"]), any_ids),
)
filters = st.sampled_from(
    [
        {},
        {"isRemoved": False, "priceMin": 1, "priceMax": 10**15},
        {"isRemoved": True},
        {"priceMin": 2_000_000},
        {"priceMax": 3_000_000},
    ]
)
# By how much the version that somebody saw is off, for each item of KNOWN; None for not saying.
seen = st.sampled_from([0, 0, 0, 0, 0, 0, None, 1, -1])
offsets = st.one_of(st.none(), st.none(), st.fixed_dictionaries(dict.fromkeys(KNOWN, seen)))
sometimes = st.sampled_from([False, False, False, True])

actors = st.sampled_from(ACTORS)
items = st.sampled_from(KNOWN)
RIGHTS = [
    "view_content",
    "change_content",
    "run_update_price",
    "run_update_metadata",
    "run_remove_content",
    "run_restore_content",
]
# Whose, what, and whether they have it from now on.
rights = st.tuples(
    st.one_of(
        st.tuples(st.just("staff"), st.sampled_from(RIGHTS)),
        st.tuples(st.sampled_from(["alice", "bob", "staff"]), st.just("account")),
        st.tuples(st.sampled_from(CREATORS), st.just("selling")),
    ),
    st.booleans(),
)
# What is done by hand to an item.
deeds = st.sampled_from(["to alice", "to bob", "removed", "off the chain"])
# What time brings to its end.
ends = st.sampled_from(["leases", "leases", "pauses", "alice's hour", "bob's hour"])
# What the sandbox plays; 1 and 6 are numbers of items on the chain.
failures = st.sampled_from(["", "", "unreachable", "rejected", "1,6"])

# ---------------------------------------------------------------- what waits, follows, repeats

# In how many steps; the past is refused, and a day is sixty of them.
begins = st.sampled_from([None, None, None, None, 1, 1, 2, 4, 0])
untils = st.sampled_from([None, None, 1, 2, 3, 5, 0])
whens = st.sampled_from(["on-success", "on-completion", "always"])
steps = st.sampled_from([1, 1, 2, 2, 3, 60])
slots = st.sampled_from([None, 1, 1, 2, -1, -30])
price_changes = st.one_of(
    st.fixed_dictionaries({"newPrice": prices}), st.fixed_dictionaries({"percentChange": percents})
)
own_prices = st.lists(price_changes, min_size=1, max_size=3)
follows = st.sampled_from(["undo", "undo", "undo", "retry"])
some_ids = st.one_of(st.none(), st.none(), any_ids, st.sampled_from(KNOWN).map(lambda key: [key]))
codes = st.sampled_from(["", "", "", "conflict", "removed", "not-found", "internal"])
replans = st.sampled_from(["starts", "until", "both"])
faults = st.sampled_from(
    [
        "effects-written",
        "chunk-written",
        "chunk-committed",
        "before-claim",
        "before-acknowledgement",
    ]
)
# What becomes of the first batch at once: nothing, its end, its end with failed items.
first_faults = st.sampled_from([None, None, "before-acknowledgement", "effects-written"])
deaths = st.sampled_from(["cancel", "undo", "retry", "settle", "confirm", "slots", "sweep"])
