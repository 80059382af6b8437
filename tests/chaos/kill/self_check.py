"""Books that are wrong in one way each: the comparison must see every one of them."""

import copy

from compare import budget_differences, differences
from load import Seen

ROW = {"id": "call-1", "model_requested": "openai-sim/sim-t9-d1", "outcome": "completed",
       "tokens_source": "exact", "input_tokens": 6, "output_tokens": 9,
       "cost_usd": "0.000006300",
       "attempts": [{"provider_request_id": "req_1"}],
       "budgets": [{"name": "b", "charged_usd": "0.000006300"}]}
ACCOUNT = {"name": "b", "unit": "usd", "spent": "0.0000063", "reserved": "0", "open_calls": 0}
CALL = {"id": "req_1", "model": "sim-t9-d1", "state": "finished", "input": 6,
        "output_written": 9}
SEEN = {"model": "sim-t9-d1", "kind": "chat, stream", "call": "call-1", "status": 200,
        "finished": True, "given": 6, "made": 9, "words": 9}


def broken(rows=(ROW,), truth=(CALL,), **seen):
    return list(rows), list(truth), [Seen(**{**SEEN, **seen})]


def row(**changed):
    return {**copy.deepcopy(ROW), **changed}


WRONG = {
    "a call without a row": broken(rows=[]),
    "a call that was finished and has no row": broken(rows=[], truth=[]),
    "a row twice": broken(rows=[ROW, ROW]),
    "two rows of one call": broken(rows=[ROW, row(id="call-2")]),
    "one call that was asked twice": broken(truth=[CALL, {**CALL, "id": "req_2"}]),
    "another call's request id": broken(rows=[row(attempts=[{"provider_request_id": "req_2"}])]),
    "a row that is open": broken(rows=[row(outcome="open")]),
    "a finished call that is not completed": broken(rows=[row(outcome="client_gone")]),
    "a finished call that is estimated": broken(rows=[row(tokens_source="estimated")]),
    "tokens that are not the provider's": broken(rows=[row(output_tokens=8)]),
    "tokens that are not the client's": broken(made=10),
    "a call id that the client was not told": broken(call="call-9"),
    "a recovered row without what was seen": broken(
        rows=[row(outcome="gateway_failed", tokens_source="estimated", output_tokens=None)],
        finished=False),
    "a recovered row that is too small": broken(
        rows=[row(outcome="gateway_failed", tokens_source="estimated", output_tokens=8)],
        finished=False),
    "a recovered row without a cost": broken(
        rows=[row(outcome="gateway_failed", tokens_source="estimated", cost_usd=None)],
        finished=False),
    "a recovered row that cost too little": broken(
        rows=[row(outcome="gateway_failed", tokens_source="estimated", cost_usd="0.0000053")],
        finished=False),
    "a recovered row that claims to be exact": broken(rows=[row(outcome="gateway_failed")],
                                                      finished=False),
}


WRONG_BUDGETS = {
    "a reservation that is left over": ({**ACCOUNT, "reserved": "0.000001"}, ROW),
    "a call that is never over": ({**ACCOUNT, "open_calls": 1}, ROW),
    "something that was given back": ({**ACCOUNT, "spent": "0.0000057"}, ROW),
    "something that was charged twice": ({**ACCOUNT, "spent": "0.0000126"}, ROW),
    "a row that cost more than its budget knows": (ACCOUNT, row(cost_usd="0.000007")),
}


def comparison_sees_what_is_wrong():
    faults = [f"{name}: not seen" for name, books in WRONG.items() if not list(differences(*books))]
    faults += [f"{name}: not seen" for name, (account, booked) in WRONG_BUDGETS.items()
               if not list(budget_differences([account], [booked]))]
    faults += [f"right books: {fault}" for fault in differences(*broken())]
    faults += [f"right budgets: {fault}" for fault in budget_differences([ACCOUNT], [ROW])]
    return f"{len(WRONG) + len(WRONG_BUDGETS)} ways", faults
