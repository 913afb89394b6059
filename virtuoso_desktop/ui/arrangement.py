"""How panels stand to each other: a tree of rows and columns whose leaves are groups of tabs. No Qt.

The tree is what is kept in files and what the widgets are built from; every move of a panel is a change of the tree.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from virtuoso_desktop.ui.measures import (
    DOCK_LEAST_PX,
    GUTTER_PX,
    HEADER_PX,
    RAIL_PX,
)
from virtuoso_desktop.ui.panel_list import CHART, CONFLUENCE, MARKETS, PANELS, needs_tabs

LEFT, RIGHT, ABOVE, BELOW = "left", "right", "above", "below"
SIDES = (LEFT, RIGHT, ABOVE, BELOW)
MOST_DEPTH = 16
MOST_PX = 20_000
LEAST_REST_PX = 240
"""What a part without a size of its own is left with, before the others become smaller."""

Box = tuple[int, int, int, int]
"""Left, top, width, height, logical pixels."""


class Group(msgspec.Struct, tag_field="kind", tag="tabs"):
    """Panels in one place, one of them in front. Names that this program does not know stay in the list."""

    panels: list[str]
    front: str = ""
    size_px: int = 0
    """Along the row or column that it stands in; 0 for what is left."""
    is_collapsed: bool = False

    @property
    def known(self) -> list[str]:
        """The panels that can be shown."""
        return [name for name in self.panels if name in PANELS]

    @property
    def shown(self) -> str:
        """The panel in front."""
        known = self.known
        return self.front if self.front in known else known[0]


class Split(msgspec.Struct, tag_field="kind", tag="split"):
    """Parts side by side, or one above the other."""

    is_row: bool
    parts: list[Group | Split]
    size_px: int = 0


Node = Group | Split


class Seat(msgspec.Struct):
    """Where a panel stood: beside its mates in their group, else at a side of its neighbours."""

    mates: list[str] = []
    index: int = 0
    neighbours: list[str] = []
    side: str = RIGHT
    size_px: int = 0
    near_px: int = 0
    """What the neighbours had beside it."""


class FloatingPlace(msgspec.Struct):
    """A window of its own: what stands in it, and where it is."""

    root: Group | Split
    box: Box = (0, 0, 0, 0)
    screen: str = ""
    """Name of the screen that it was on; ``box`` counts from its corner."""
    is_maximized: bool = False
    stays_on_top: bool = False


class Arrangement(msgspec.Struct):
    """A workspace: the tree of the window, the floating ones, and where closed panels go back to."""

    root: Group | Split | None = None
    floating: list[FloatingPlace] = []
    seats: dict[str, Seat] = {}
    """Where panels stood in the main window."""
    windows: dict[str, FloatingPlace] = {}
    """Where panels floated that were closed then."""
    parts: dict[str, dict[str, Any]] = {}
    """What other parts of the window keep with a workspace, by their names."""


class Placed(NamedTuple):
    """A group and the room it has."""

    group: Group
    box: Box


# --- reading -------------------------------------------------------------------------------------------------------


def groups_of(node: Node | None) -> list[Group]:
    """All groups, in the order of the eye."""
    if node is None:
        return []
    if isinstance(node, Group):
        return [node]
    return [group for part in node.parts for group in groups_of(part)]


def panels_of(node: Node | None) -> list[str]:
    """All panels that can be shown."""
    return [name for group in groups_of(node) for name in group.known]


def sound(node: Node | None, seen: set[str] | None = None, depth: int = 0) -> Node | None:
    """The tree without doubles, empty groups and lone parts; sizes within reason.

    Raises
    ------
    ValueError
        It is nested deeper than anything a person would make.
    """
    seen = set() if seen is None else seen
    if depth > MOST_DEPTH:
        raise ValueError(f"nested more than {MOST_DEPTH} deep")
    if node is None:
        return None
    node.size_px = max(0, min(MOST_PX, node.size_px))
    if isinstance(node, Group):
        kept = [name for name in dict.fromkeys(node.panels) if name not in seen]
        seen.update(kept)
        node.panels = kept
        return node if node.known else None
    return _folded(node, [part for each in node.parts if (part := sound(each, seen, depth + 1)) is not None])


def _folded(split: Split, parts: list[Node]) -> Node | None:
    """The split with these parts: none is nothing, one stands for itself, a row in a row is one row."""
    if not parts:
        return None
    if len(parts) == 1:
        parts[0].size_px = split.size_px
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, Split) and part.is_row == split.is_row:
            flat += part.parts
        else:
            flat.append(part)
    split.parts = flat
    return split


# --- room ----------------------------------------------------------------------------------------------------------


def elastic(parts: list[Node]) -> int:
    """The part that grows and shrinks with the window: that of the chart, else of Markets, else the largest."""
    for name in (CHART, MARKETS):
        for index, part in enumerate(parts):
            if name in panels_of(part):
                return index
    open_parts = [index for index, part in enumerate(parts) if not all(g.is_collapsed for g in groups_of(part))]
    return max(open_parts or range(len(parts)), key=lambda index: (parts[index].size_px or MOST_PX, -index))


def collapsed_px(part: Node, *, in_row: bool) -> int | None:
    """What is left of a collapsed part; None for an open one."""
    groups = groups_of(part)
    if not all(group.is_collapsed for group in groups):
        return None
    if in_row:
        return RAIL_PX if isinstance(part, Group) and part.known == [CONFLUENCE] else None
    return HEADER_PX if _could_collapse(part) else None


def least_px(node: Node, *, in_row: bool) -> int:
    """The least room of a part."""
    if isinstance(node, Group):
        if in_row:
            return max(PANELS[name].least_px for name in node.known)
        return DOCK_LEAST_PX
    least = [least_px(part, in_row=in_row) for part in node.parts]
    return sum(least) + GUTTER_PX * (len(least) - 1) if node.is_row == in_row else max(least)


def spread(split: Split, room_px: int) -> list[int]:
    """Sizes of the parts in a row so wide, or a column so high."""
    parts = split.parts
    room = max(len(parts), room_px - GUTTER_PX * (len(parts) - 1))
    rest = elastic(parts)
    fixed = [collapsed_px(part, in_row=split.is_row) for part in parts]
    wanted = [
        size if size is not None else max(part.size_px or room // len(parts), least_px(part, in_row=split.is_row))
        for part, size in zip(parts, fixed, strict=True)
    ]
    wanted[rest] = 0
    over = sum(wanted) + min(LEAST_REST_PX, room) - room
    if over > 0:
        wanted = [
            size if fixed[place] is not None else min(size, least_px(parts[place], in_row=split.is_row))
            for place, size in enumerate(wanted)
        ]
        wanted[rest] = 0
    wanted[rest] = max(1, room - sum(wanted))
    return wanted


def places(node: Node | None, box: Box) -> list[Placed]:
    """The room of every group when the whole tree has this box."""
    if node is None:
        return []
    if isinstance(node, Group):
        return [Placed(node, box)]
    left, top, width, height = box
    found: list[Placed] = []
    for part, size in zip(node.parts, spread(node, width if node.is_row else height), strict=True):
        if node.is_row:
            found += places(part, (left, top, size, height))
            left += size + GUTTER_PX
        else:
            found += places(part, (left, top, width, size))
            top += size + GUTTER_PX
    return found


def unit_of(root: Node | None, group: Group) -> list[Group] | None:
    """The groups that collapse together with this one: those of its row; None where it cannot collapse."""
    part: Node = group
    parent = parent_of(root, group)
    if parent is not None and parent.is_row:
        if group.known == [CONFLUENCE]:
            return [group]
        part, parent = parent, parent_of(root, parent)
    is_main = {CHART, MARKETS} & set(panels_of(part))
    if parent is None or is_main or not _could_collapse(part):
        return None
    others = (each for each in parent.parts if each is not part)
    return groups_of(part) if any(collapsed_px(each, in_row=False) is None for each in others) else None


def _could_collapse(part: Node) -> bool:
    """Whether rows of tabs would be left of it."""
    is_flat = isinstance(part, Group) or all(isinstance(each, Group) for each in part.parts)
    return is_flat and all(needs_tabs(group.panels) for group in groups_of(part))


def open_stranded(root: Node | None) -> None:
    """Open what is collapsed and could not have been: nothing would fill its room."""
    for group in groups_of(root):
        if group.is_collapsed and unit_of(root, group) is None:
            group.is_collapsed = False


# --- changes -------------------------------------------------------------------------------------------------------


def find(node: Node | None, name: str) -> Group | None:
    """The group that holds a panel."""
    return next((group for group in groups_of(node) if name in group.panels), None)


def parent_of(root: Node | None, node: Node) -> Split | None:
    """The row or column that a part stands in."""
    if root is None or isinstance(root, Group):
        return None
    for part in root.parts:
        if part is node:
            return root
        found = parent_of(part, node)
        if found is not None:
            return found
    return None


def without(root: Node | None, name: str) -> Node | None:
    """The tree after a panel left it."""
    if root is None:
        return None
    if isinstance(root, Group):
        root.panels = [each for each in root.panels if each != name]
        return root if root.known else None
    return _folded(root, [part for each in root.parts if (part := without(each, name)) is not None])


def join(group: Group, name: str, index: int | None = None) -> None:
    """A panel becomes a tab of a group, in front."""
    group.panels.insert(len(group.panels) if index is None else index, name)
    group.front, group.is_collapsed = name, False


def put_beside(root: Node, target: Node, name: str, side: str, size_px: int) -> Node:
    """The tree with a panel at a side of one of its parts."""
    new = Group([name], name, size_px)
    is_row = side in (LEFT, RIGHT)
    ahead = side in (LEFT, ABOVE)
    parent = parent_of(root, target)
    if parent is not None and parent.is_row == is_row:
        at = next(index for index, part in enumerate(parent.parts) if part is target)
        parent.parts.insert(at if ahead else at + 1, new)
        return root
    if isinstance(target, Split) and target.is_row == is_row:
        target.parts.insert(0 if ahead else len(target.parts), new)
        return root
    split = Split(is_row, [new, target] if ahead else [target, new], target.size_px)
    target.size_px = 0
    if parent is None:
        return split
    at = next(index for index, part in enumerate(parent.parts) if part is target)
    parent.parts[at] = split
    return root


def seat_of(root: Node | None, name: str) -> Seat:
    """Where a panel stands now, so that it can come back."""
    group = find(root, name)
    if root is None or group is None:
        return Seat()
    mates = [each for each in group.panels if each != name]
    parent = parent_of(root, group)
    seat = Seat(mates, group.panels.index(name), size_px=group.size_px)
    if parent is not None:
        at = next(index for index, part in enumerate(parent.parts) if part is group)
        near = parent.parts[at - 1] if at else parent.parts[1]
        seat.neighbours, seat.near_px = panels_of(near), near.size_px
        seat.side = ((RIGHT, BELOW) if at else (LEFT, ABOVE))[not parent.is_row]
    return seat


def take_seat(root: Node | None, name: str, seat: Seat) -> Node:
    """The tree with a panel back where it stood, or as near as there is anything left."""
    for mate in seat.mates:
        group = find(root, mate)
        if group is not None and root is not None:
            join(group, name, _index_of_seat(group, seat))
            return root
    unknown = [mate for mate in seat.mates if mate not in PANELS]
    alone = [*unknown[: seat.index], name, *unknown[seat.index :]]
    if root is None:
        return Group(alone, name)
    side = seat.side if seat.side in SIDES else RIGHT
    size = seat.size_px or 320
    near = set(seat.neighbours) & set(panels_of(root))
    target = _smallest_with(root, near) if near else root
    whole = put_beside(root, target, name, side, size)
    for group in groups_of(whole):
        if group.panels == [name]:
            group.panels = alone
    target.size_px = target.size_px or seat.near_px
    return whole


def _index_of_seat(group: Group, seat: Seat) -> int:
    """Behind the mates that stood before it, whoever of them is there; else before those that stood behind."""
    ahead = [place for place, each in enumerate(group.panels) if each in seat.mates[: seat.index]]
    behind = [place for place, each in enumerate(group.panels) if each in seat.mates[seat.index :]]
    return ahead[-1] + 1 if ahead else min(behind, default=len(group.panels))


def _smallest_with(node: Node, names: set[str]) -> Node:
    """The smallest part of the tree that holds all of these."""
    if isinstance(node, Split):
        for part in node.parts:
            if names <= set(panels_of(part)):
                return _smallest_with(part, names)
    return node
