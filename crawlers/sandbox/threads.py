"""Threads: which posts of a platform open them, which answer them, and on which board they stand.

Owns the grouping that forums and complaint sites share. A post with a parent is a reply in its thread; one whose thread
the corpus does not hold opens a thread of its own, so that nothing is out of reach. Does not own any wire shape.
"""

from collections import defaultdict

from crawlers.sandbox.corpus import EVERYTHING, Corpus, Entry, derive


class Threads:
    """The threads of one platform: which posts open them, which answer them."""

    def __init__(self, corpus: Corpus, platform: str) -> None:
        self._corpus = corpus
        self._platform = platform
        self._replies: defaultdict[str, list[Entry]] = defaultdict(list)
        self._opening: dict[str, list[Entry]] = {EVERYTHING: []}
        for position in reversed(corpus.search(platform, EVERYTHING)):
            entry = corpus.entry(position)
            root = corpus.root(entry) if entry.parent else None
            if root is None:
                self._opening[EVERYTHING].append(entry)
            else:
                self._replies[root.id].append(entry)
        self._opening[EVERYTHING].reverse()

    def on(self, board: str) -> list[Entry]:
        """Opening posts of a board, newest first: its number on the wire, words in its name or the post, or `*`."""
        if board not in self._opening:
            found = (
                {self._corpus.entry(at).native for at in self._corpus.search(self._platform, board)} if board else ()
            )
            self._opening[board] = [
                entry
                for entry in self._opening[EVERYTHING]
                if entry.native in found or (entry.brand and str(board_id(entry)) == board)
            ]
        return self._opening[board]

    def replies(self, opening: Entry) -> list[Entry]:
        """Answers to an opening post, oldest first."""
        return self._replies.get(opening.id, [])

    def last(self, opening: Entry) -> Entry:
        """The newest post of a thread."""
        return (self._replies.get(opening.id) or [opening])[-1]


class Replies:
    """Who answers whom, on two floors: replies below an opening post, answers below the reply they go back to."""

    def __init__(self, corpus: Corpus, platform: str) -> None:
        threads = Threads(corpus, platform)
        self.openings: dict[int, Entry] = {}
        self.below: defaultdict[int, list[Entry]] = defaultdict(list)
        """By native id of a post or a reply: what stands below it, oldest first."""
        self.root: dict[int, Entry] = {}
        """By native id of an answer: the reply it stands below."""
        self.parent: dict[int, Entry] = {}
        """By native id of an answer: what it answers, which may be another answer."""
        for opening in threads.on(EVERYTHING):
            self.openings[opening.native] = opening
            tops: dict[str, Entry] = {}
            entries = {reply.id: reply for reply in threads.replies(opening)}
            for reply in entries.values():
                above = entries.get(reply.parent)
                top = tops.get(above.id, above) if above else None
                self.below[(top or opening).native].append(reply)
                if top and above:
                    tops[reply.id] = top
                    self.root[reply.native], self.parent[reply.native] = top, above


def board_id(entry: Entry) -> int:
    """The number of the board a post stands on."""
    return 1_000 + derive("board", entry.brand) % 9_000
