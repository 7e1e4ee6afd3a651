"""What a spider hands on: one post as the page gave it, nothing trusted yet.

Owns the shape of the hand-over only. Every value that came from a platform may be of any type, missing or hostile;
`crawlers.normalize` decides what it means.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PostItem:
    """One post, raw. Fields typed `Any` are exactly what the page held."""

    platform: str
    """What the post will be labelled as; chosen by the operator, so trusted."""
    native_id: Any = None
    url: Any = None
    text: Any = field(default=None, repr=False)
    published: Any = None
    changed: bool = False
    """`published` is when it was last changed, which stands in as long as nothing says when it was published."""
    author: Any = field(default=None, repr=False)
    """The platform's id of the author, or the name where it gives no id."""
    title: Any = field(default=None, repr=False)
    quoted: Any = field(default=None, repr=False)
    """The post this one carries along, by somebody else."""
    target: Any = None
    parent: Any = None
    """Native id of the post this one reposts or answers."""
    likes: Any = None
    comments: Any = None
    reposts: Any = None
    deleted: bool = False
    """The platform says it is gone; nothing but its identity and time counts then."""
    rating: Any = None
    """Stars on the scale 0 to 5."""
    score: Any = None
    store: Any = None
    replied: Any = None
    """Time of the company's first answer."""
    settled: bool = False
    """Nothing that decides the case can come any more: it is closed, or answered where an answer is the end of it."""
    is_html: bool = True
    """Whether texts are HTML; otherwise `<` is an ordinary character."""
    page: str = ""
    """Where its own page is, where a list's link says more than `url` keeps; on the platform's own host."""
    truncated: bool = False
    """The page cut the text and the whole could not be fetched."""
    private_glyphs: bool = False
    """The page draws ordinary words with private-use characters, so removing those loses words."""
