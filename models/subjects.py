"""Subjects: whose brand, product or campaign a post is about.

Owns how aliases, excluded phrases and keywords are matched. Does not own the list; `subjects.toml` does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from models.text import LINK, SPEAKER, fold
from stream.ports import Misconfigured
from stream.records import Post, Subject


@dataclass(slots=True)
class _Meaning:
    """What one phrase is to which subjects, by their place in the file."""

    aliases: list[int]
    excludes: list[int]
    keywords: list[int]


class SubjectFinder:
    """Finds subjects in one pass over a post, however many aliases there are. Safe to share between threads."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        """Raises Misconfigured when two subjects share a name, or a phrase is empty."""
        self._names = tuple(subject.name for subject in subjects)
        if len(set(self._names)) < len(self._names):
            raise Misconfigured("subjects: each name may stand only once")
        self._needs_keyword = frozenset(i for i, subject in enumerate(subjects) if subject.keywords)
        phrases: dict[str, _Meaning] = {}
        for number, subject in enumerate(subjects):
            for key, words in (
                ("aliases", (subject.title, *subject.aliases)),
                ("excludes", subject.excludes),
                ("keywords", subject.keywords),
            ):
                for word in _folded(words, f"subjects: {subject.name}.{key}"):
                    getattr(phrases.setdefault(word, _Meaning([], [], [])), key).append(number)
        self._automaton = AhoCorasick(phrases)
        self._meanings = [
            (m.aliases, m.excludes, m.keywords, _latin(word[0]), _latin(word[-1])) for word, m in phrases.items()
        ]

    def find(self, post: Post) -> tuple[str, ...]:
        """Names of the subjects the post is about, in the order they were given.

        Title, own words, quoted words and the platform's target all count, so a repost that only quotes is still
        about the quoted subject; a link does not, since every article of a platform has its name in its link. Case and
        width of letters do not matter; an alias that begins or ends in a latin letter or digit must not run on in one.
        An alias that overlaps an excluded phrase is not seen; one that overlaps another subject's is (a product and
        its maker). The name of whoever is passed on or answered is about a brand only when it begins with it.
        """
        return self.named(f"{post.title}\n{post.text}\n{post.quoted}\n{post.target}")

    def named(self, words: str) -> tuple[str, ...]:
        """The same of any words, such as a search's."""
        text = fold(LINK.sub(" ", words))  # folded first, a link would run on behind a full-width comma
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not found:
            return ()
        inside = {place for name in SPEAKER.finditer(text) for place in range(name.start(1) + 1, name.end(1))}
        hits: list[tuple[int, int, int]] = []
        masks: list[tuple[int, int, int]] = []
        keyed: set[int] = set()
        for number, start, end in found:
            aliases, excludes, keywords, latin_start, latin_end = self._meanings[number]
            if latin_start and start and _latin(text[start - 1]):
                continue
            if latin_end and end < len(text) and _latin(text[end]):
                continue
            if start not in inside:
                hits.extend((subject, start, end) for subject in aliases)
            masks.extend((subject, start, end) for subject in excludes)
            keyed.update(keywords)
        about = {
            subject
            for subject, start, end in hits
            if (subject in keyed or subject not in self._needs_keyword)
            and not any(s == subject and a < end and start < b for s, a, b in masks)
        }
        return tuple(self._names[subject] for subject in sorted(about))


def _folded(words: Iterable[str], where: str) -> Iterable[str]:
    folded = {fold(word).strip(): None for word in words}
    if "" in folded:
        raise Misconfigured(f"{where}: a phrase is empty")
    return folded


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
