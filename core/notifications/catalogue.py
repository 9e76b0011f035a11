"""Every event code: of which kind it is, and its text in each language."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What users choose by; the later, the graver."""

    FILLS = "fills"
    ENDS = "ends"
    WARNINGS = "warnings"
    ALARMS = "alarms"


LANGUAGES = ("en", "zh-Hant")
_KIND_OF_LEVEL = {"WARNING": Kind.WARNINGS, "ALARM": Kind.ALARMS}


@dataclass(frozen=True, slots=True)
class Entry:
    """`is_end`: of a strategy; other codes are of the kind that their level says, INFO of none."""

    en: str
    zh_hant: str
    is_end: bool = False

    def text(self, language: str) -> str:
        return self.zh_hant if language == "zh-Hant" else self.en


CATALOGUE = {
    # the life of a strategy
    "strategy_created": Entry("created", "已建立"),
    "strategy_changed": Entry("changed", "已修改"),
    "strategy_deleted": Entry("deleted", "已刪除"),
    "running": Entry("the grid is live", "網格已上線"),
    "updated": Entry("the running grid was changed", "執行中的網格已調整"),
    "reset": Entry("the grid was reset", "網格已重設"),
    "trailed": Entry("the grid followed the price", "網格已隨價格移動"),
    "change_abandoned": Entry("the grid was not changed", "網格未能調整"),
    "consider_reset": Entry("consider a reset", "建議重設網格"),
    "profit_reinvested": Entry("profit was reinvested", "利潤已再投入"),
    "cell_loss_limit": Entry("a cell reached its loss limit: paused", "單格達到虧損上限:已暫停"),
    "liquidation_near": Entry("the liquidation price is near", "接近強制平倉價格"),
    "market_odd": Entry("the mark price is odd: decisions wait", "標記價格異常:暫緩決策"),
    "market_calm": Entry("the mark price is as usual again", "標記價格已恢復正常"),
    "start_failed": Entry("the start failed", "啟動失敗", is_end=True),
    "stopped": Entry("stopped", "已停止", is_end=True),
    "finished": Entry("ended by the system", "系統已結束策略", is_end=True),
    "failed": Entry("failed", "已失敗", is_end=True),
    "position_left": Entry("a position was left open", "仍有未平的倉位"),
    # why the system ends one
    "take_profit": Entry("take-profit reached, closing", "已達止盈,正在平倉", is_end=True),
    "stop_loss": Entry("stop-loss reached, closing", "已觸及止損,正在平倉", is_end=True),
    "liquidation": Entry("liquidated by the exchange", "已被交易所強制平倉", is_end=True),
    "margin": Entry("the margin is exhausted, closing", "保證金耗盡,正在平倉", is_end=True),
    "venue_unreachable": Entry("the exchange is out of reach, ending", "無法連線交易所,正在結束", is_end=True),
    "market_halt": Entry("the market is halted, ending", "市場暫停交易,正在結束", is_end=True),
    "delisting": Entry("the symbol will be delisted", "交易對即將下架"),
    "delisted": Entry("the symbol is delisted, ending", "交易對已下架,正在結束", is_end=True),
    "key_revoked": Entry("the exchange key was revoked, ending", "交易所金鑰已被撤銷,正在結束", is_end=True),
    # orders
    "order_refused": Entry("the exchange refused an order", "交易所拒絕了一筆訂單"),
    "protection_refused": Entry("the exchange refused a protective stop", "交易所拒絕了保護性止損單"),
    "ghost_order": Entry(
        "an order believed absent appeared; its cell is frozen", "一筆被認定不存在的訂單出現,該格已凍結"
    ),
    "external_trade": Entry("trades outside of the grid took its position: paused", "網格外的交易動用了其倉位:已暫停"),
    # accounts and the installation
    "exchange_key_added": Entry("an exchange key was added", "已新增交易所金鑰"),
    "exchange_key_removed": Entry("an exchange key was removed", "已移除交易所金鑰"),
    "left_at_exchange": Entry("something was left at the exchange", "交易所仍有遺留項目"),
    "stream_deaf": Entry("the exchange's event stream was silent and is opened anew", "交易所事件串流無回應,已重連"),
    "switch_thrown": Entry("trading is halted", "交易已停止"),
    "switch_released": Entry("trading goes on", "交易已恢復"),
    "restored": Entry("orders newer than the database were taken in", "已納入比資料庫更新的訂單"),
    "logged_in": Entry("logged in", "已登入"),
    "token_reused": Entry("a login token was used twice; its session was ended", "登入權杖被重複使用,該工作階段已結束"),
}

# What surrounds the events.
WORDS = {
    "strategy": Entry("Grid {id} {symbol}", "網格 {id} {symbol}"),
    "account": Entry("Your account", "您的帳戶"),
    "fills": Entry("{count} fills", "{count} 筆成交"),
    "more": Entry("and {count} more", "以及其他 {count} 則"),
    "title": Entry("Gridkeeper: {count} news", "Gridkeeper:{count} 則通知"),
    "test": Entry("Gridkeeper can reach you here.", "Gridkeeper 可以透過此處通知您。"),
    "test_title": Entry("Gridkeeper: a test", "Gridkeeper:測試通知"),
}


def kind_of(level: str, code: str) -> Kind | None:
    """None for what nobody is told of."""
    kind = _KIND_OF_LEVEL.get(level)
    entry = CATALOGUE.get(code)
    return Kind.ENDS if kind is not Kind.ALARMS and entry is not None and entry.is_end else kind


def text_of(code: str, language: str) -> str:
    """A code that the catalogue lacks is told as it is."""
    entry = CATALOGUE.get(code)
    return code.replace("_", " ") if entry is None else entry.text(language)


def word(name: str, language: str, **values: object) -> str:
    """`name` is one of WORDS."""
    return WORDS[name].text(language).format(**values)
