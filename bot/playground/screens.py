"""What is open on whose screen: the modals, the top one last, and each person's home tab."""

from collections.abc import Callable
from dataclasses import replace

from bot.playground.records import Change, Json, View
from bot.playground.refused import Refused

MODAL_STACK = 3


class Screens:
    """Everybody's screens. `tell` hears of each change."""

    def __init__(self, tell: Callable[[Change], None], next_ts: Callable[[], str]) -> None:
        self._tell, self._next_ts = tell, next_ts
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self._last_view = 0

    def _new_view(self, person: str, body: Json, stack: list[View]) -> View:
        self._last_view += 1
        id = f"V0PLAY{self._last_view:05d}"
        root = stack[0].root_id if stack else id
        return View(id, person, body, self._next_ts().replace(".", ""), root, stack[-1].id if stack else None)

    def stack(self, person: str) -> list[View]:
        return self.stacks.setdefault(person, [])

    def open(self, person: str, body: Json) -> View:
        """A modal in place of whatever modals the person had open."""
        view = self._new_view(person, body, [])
        self.set_stack(person, [view])
        return view

    def push(self, person: str, body: Json) -> View:
        stack = self.stack(person)
        if len(stack) >= MODAL_STACK:
            raise Refused("push_limit_reached")
        view = self._new_view(person, body, stack)
        self.set_stack(person, [*stack, view])
        return view

    def set_stack(self, person: str, stack: list[View]) -> None:
        self.stacks[person] = stack
        self._tell(Change("views", frozenset({person}), {"views": [view.slack() for view in stack]}))

    def change(self, view: View, body: Json) -> View:
        after = replace(view, body=body, hash=self._next_ts().replace(".", ""))
        if self.homes.get(view.person) == view:
            self._set_home(after)
        else:
            self.set_stack(view.person, [after if v.id == view.id else v for v in self.stack(view.person)])
        return after

    def find(self, id: str = "", external_id: str = "") -> View:
        for view in [*self.homes.values(), *(view for stack in self.stacks.values() for view in stack)]:
            if (id and view.id == id) or (external_id and view.body.get("external_id") == external_id):
                return view
        raise Refused("not_found")

    def publish(self, person: str, body: Json) -> View:
        known = self.homes.get(person)
        fresh = self._new_view(person, body, [])
        view = replace(fresh, id=known.id, root_id=known.id) if known else fresh
        self._set_home(view)
        return view

    def _set_home(self, view: View) -> None:
        self.homes[view.person] = view
        self._tell(Change("home", frozenset({view.person}), {"view": view.slack()}))
