"""One spider a platform: addresses here, parsing in the pure `<name>_page` beside it, the walk they share in `walk`."""

from crawlers.spiders.walk import ListingSpider
from crawlers.spiders.weibo import WeiboSpider

SPIDERS: dict[str, type[ListingSpider]] = {spider.name: spider for spider in (WeiboSpider,)}
"""By the name a source gives as `spider`."""
