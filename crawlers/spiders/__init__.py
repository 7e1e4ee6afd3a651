"""One spider a platform: addresses here, parsing in the pure `<name>_page` beside it, the shared walk in `listing`."""

from crawlers.spiders.autohome import AutohomeSpider
from crawlers.spiders.autohome_koubei import AutohomeKoubeiSpider
from crawlers.spiders.bilibili import BilibiliSpider
from crawlers.spiders.discuz import DiscuzFeedSpider, DiscuzMobileSpider, DiscuzSpider
from crawlers.spiders.dongchedi import DongchediSpider
from crawlers.spiders.dongchedi_circle import DongchediCircleSpider
from crawlers.spiders.douyin import DouyinSpider
from crawlers.spiders.douyin_comments import DouyinCommentsSpider
from crawlers.spiders.douyin_hot import DouyinHotSpider
from crawlers.spiders.feed import FeedSpider, SitemapSpider
from crawlers.spiders.heimao import HeimaoCompanySpider, HeimaoSpider
from crawlers.spiders.listing import ListingSpider
from crawlers.spiders.peopleboard import PeopleboardSpider
from crawlers.spiders.rednet import RednetSpider
from crawlers.spiders.tieba import TiebaSpider
from crawlers.spiders.weibo import WeiboSpider
from crawlers.spiders.weibo_comments import WeiboCommentsSpider
from crawlers.spiders.weibo_hot import WeiboHotSpider
from crawlers.spiders.weibo_open import WeiboOpenSpider
from crawlers.spiders.weibo_search import WeiboSearchSpider
from crawlers.spiders.weibo_user import WeiboUserSpider

SPIDERS: dict[str, type[ListingSpider]] = {
    spider.name: spider
    for spider in (
        WeiboSpider,
        WeiboUserSpider,
        WeiboCommentsSpider,
        WeiboSearchSpider,
        WeiboHotSpider,
        WeiboOpenSpider,
        DouyinSpider,
        DouyinHotSpider,
        DouyinCommentsSpider,
        HeimaoSpider,
        AutohomeSpider,
        AutohomeKoubeiSpider,
        DongchediSpider,
        DongchediCircleSpider,
        BilibiliSpider,
        HeimaoCompanySpider,
        RednetSpider,
        PeopleboardSpider,
        FeedSpider,
        SitemapSpider,
        DiscuzSpider,
        DiscuzMobileSpider,
        DiscuzFeedSpider,
        TiebaSpider,
    )
}
"""By the name a source gives as `spider`."""
