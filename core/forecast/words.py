"""What forecasts say, in each language."""

from dataclasses import dataclass

_TEXTS = {
    # scenarios
    "scenario_as_recent": ("as in the past, without its drift", "與近期走勢相同,不計其趨勢"),
    "scenario_ranging": ("the price keeps coming back", "價格反覆回到起點"),
    "scenario_slow_rise": ("it drifts up by {move_pct} % in all", "緩慢上漲,共 {move_pct} %"),
    "scenario_slow_fall": ("it drifts down by {move_pct} % in all", "緩慢下跌,共 {move_pct} %"),
    "scenario_breakout_up": (
        "after a quarter of the time it breaks out by {move_pct} %, moves a quarter larger",
        "期間四分之一後向上突破 {move_pct} %,波動放大四分之一",
    ),
    "scenario_breakout_down": (
        "after a quarter of the time it breaks out by {move_pct} %, moves a quarter larger",
        "期間四分之一後向下突破 {move_pct} %,波動放大四分之一",
    ),
    "scenario_crash": (
        "after a quarter of the time it falls by {move_pct} % within an hour",
        "期間四分之一後,一小時內下跌 {move_pct} %",
    ),
    "scenario_volatile": ("every move is twice as large", "每次波動放大為兩倍"),
    # why a grade
    "liquidation_likely": (
        "liquidated in {pct} % of the paths that go on as in the past",
        "依近期走勢,有 {pct} % 的路徑遭強制平倉",
    ),
    "liquidation_possible": (
        "liquidated in {pct} % of the paths of the scenario {scenario}",
        "在 {scenario} 情境中,有 {pct} % 的路徑遭強制平倉",
    ),
    "deep_drawdown": (
        "in one path of twenty it falls by {pct} % of the investment or more on the way",
        "二十條路徑中有一條,途中回撤達投資額的 {pct} % 或以上",
    ),
    "large_loss": (
        "in the scenario {scenario} one path of twenty loses {pct} % of the investment or more",
        "在 {scenario} 情境中,二十條路徑中有一條虧損達投資額的 {pct} % 或以上",
    ),
    "no_stop": ("no stop ends its losses", "未設定止損,虧損沒有下限"),
    "often_outside": (
        "the price is inside the range only {pct} % of the time",
        "價格只有 {pct} % 的時間位於區間內",
    ),
    "loss_likely": (
        "{pct} % of the paths that go on as in the past end with a loss",
        "依近期走勢,有 {pct} % 的路徑以虧損結束",
    ),
    "calm": ("nothing in any scenario stands out", "各情境中皆無突出的風險"),
    # assumptions
    "resampled": (
        "{paths} paths of {horizon} days for each scenario: blocks of {block} minutes on average (stationary block "
        "bootstrap, seed {seed}) of {candles} candles of one minute, {begins} to {ends}, their mean drift taken out",
        "每個情境 {paths} 條、各 {horizon} 天的路徑:自 {begins} 至 {ends} 的 {candles} 根一分鐘 K 線中抽取平均 {block} "
        "分鐘的區塊(平穩區塊自助法,種子 {seed}),並去除其平均趨勢",
    ),
    "entry": ("it starts at {price}, the price of the moment", "以當下價格 {price} 開始"),
    "fills": (
        "an order fills whole at its own price as soon as the price touches it; stops and liquidations trade at their "
        "price, without slippage",
        "價格觸及即全數成交於掛單價;止損與強制平倉以其價格成交,無滑價",
    ),
    "fees": ("fees: maker {maker} %, taker {taker} %", "手續費:掛單 {maker} %,吃單 {taker} %"),
    "longs_pay_mean": (
        "funding: each {hours} hours a long position pays {rate} % of its value and a short one receives it, the mean "
        "of the symbol's last {payments} payments",
        "資金費用:每 {hours} 小時,多頭支付持倉價值的 {rate} %,由空頭收取(該交易對最近 {payments} 次的平均)",
    ),
    "shorts_pay_mean": (
        "funding: each {hours} hours a short position pays {rate} % of its value and a long one receives it, the mean "
        "of the symbol's last {payments} payments",
        "資金費用:每 {hours} 小時,空頭支付持倉價值的 {rate} %,由多頭收取(該交易對最近 {payments} 次的平均)",
    ),
    "longs_pay_next": (
        "funding: each {hours} hours a long position pays {rate} % of its value and a short one receives it, as the "
        "exchange announces the next payment; of earlier ones it tells nothing",
        "資金費用:每 {hours} 小時,多頭支付持倉價值的 {rate} %,由空頭收取(依交易所公布的下一次費率;無過往紀錄)",
    ),
    "shorts_pay_next": (
        "funding: each {hours} hours a short position pays {rate} % of its value and a long one receives it, as the "
        "exchange announces the next payment; of earlier ones it tells nothing",
        "資金費用:每 {hours} 小時,空頭支付持倉價值的 {rate} %,由多頭收取(依交易所公布的下一次費率;無過往紀錄)",
    ),
    "no_funding": (
        "no funding is paid or received: none is known of this symbol",
        "不計資金費用:此交易對沒有已知的資金費率",
    ),
    "mark_is_last": ("the mark price is the last price", "標記價格等於最新成交價"),
    "alone": (
        "the investment alone stands behind the grid: liquidation by the symbol's brackets",
        "僅以投資額作為保證金:依交易對的槓桿分級計算強制平倉",
    ),
    "no_brackets": (
        "liquidation is not simulated: the symbol's brackets are not known without a key",
        "未模擬強制平倉:沒有金鑰時無法得知槓桿分級",
    ),
    "held": ("buy and hold: the investment, without leverage", "買入持有:以投資額計,無槓桿"),
    "not_simulated": ("not simulated: {fields}", "未模擬:{fields}"),
    # suggestions
    "why": (
        "{cells} cells over {width} % of the price with leverage {leverage}: {trips} round trips a day; on the parts "
        "it was chosen on {fit} % a day, on the part after them {judged} % a day, where the price was inside the range "
        "{inside} % of the time; liquidated in {liquidated} % of the hard paths",
        "{cells} 格,涵蓋價格的 {width} %,槓桿 {leverage}:每日 {trips} 次來回;用於挑選的區段每日 {fit} %,其後的區段每日 "
        "{judged} %,價格有 {inside} % 的時間位於區間內;在嚴苛路徑中有 {liquidated} % 遭強制平倉",
    ),
    "did_not_hold": (
        "what earned on the parts it was chosen on lost on the part after them",
        "在用於挑選的區段獲利,但在其後的區段虧損",
    ),
    "better": (
        "with the volatility of these days it would have earned {gain} % of the investment a day more than the grid as "
        "it is, on the part of the past that did not choose it",
        "以近期波動計,在未用於挑選的區段中,每日可比現有網格多賺投資額的 {gain} %",
    ),
    "not_better": (
        "nothing that was tried did better on the part of the past that did not choose it",
        "在未用於挑選的區段中,沒有更好的參數",
    ),
}


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages; `code` is for machines."""

    code: str
    en: str
    zh_hant: str

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "en": self.en, "zh_hant": self.zh_hant}


def say(code: str, **values: object) -> Words:
    en, zh_hant = _TEXTS[code]
    return Words(code, en.format(**values), zh_hant.format(**values))
