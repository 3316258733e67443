"""From runs to verdicts, a table and a plot."""

import statistics
from html import escape

from mqtt_plan import CPU, P99, P99_RATIO, RATE

MET, MISSED, UNKNOWN = "met", "MISSED", "not measured"
PEERS = ("mosquitto", "nodelay")


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def one_run(cell, result):
    unit = {RATE: "/s", CPU: " us of CPU a message"}.get(cell.measure, " us p99")
    text = number(cell.value(result)) + unit
    text += f", broker {result['broker_cpu_share']:.0%} busy, load {result['load_busy']:.0%}"
    if not result["ok"]:
        found = ", ".join(f"{count} {what}" for what, count in result["faults"].items() if count)
        text += f", FAULTS: {found or 'no message arrived'}"
    return text


def _best(cell, medians):
    """The mosquitto that ours is held against."""
    if cell.measure == P99_RATIO:
        return medians.get("nodelay")
    there = [medians[peer] for peer in PEERS if medians.get(peer)]
    if not there:
        return None
    return max(there) if cell.more_is_better else min(there)


def _verdict(value, goal, more_is_better):
    if value is None:
        return UNKNOWN
    return MET if (value >= goal if more_is_better else value <= goal) else MISSED


def judge_cells(cells, runs):
    judged = []
    medians = {}
    for cell in cells:
        of = medians[cell.name] = {}
        for broker, results in runs[cell.name].items():
            good = [cell.value(result) for result in results if "error" not in result]
            of[broker] = statistics.median(good) if good else None
        ours = of.get("ours")
        best = medians[cell.against].get("ours") if cell.against else _best(cell, of)
        if cell.measure == P99:
            judged_value = ours
        else:
            judged_value = ours / best if ours and best else None
        results = runs[cell.name].get("ours", [])
        fault = any(not result["ok"] for result in results)
        # Its core had no time left, and the broker's had.
        limited = [r["load_busy"] > 0.95 and r["broker_cpu_share"] < 0.95 for r in results if "error" not in r]
        judged.append(
            {
                "name": cell.name,
                "title": cell.title,
                "channel": cell.channel,
                "measure": cell.measure,
                "goal": cell.goal,
                "more_is_better": cell.more_is_better,
                "against": cell.against or ("" if cell.measure == P99 else "mosquitto"),
                "medians": of,
                "judged": judged_value,
                # A fault outweighs any speed.
                "verdict": MISSED if fault else _verdict(judged_value, cell.goal, cell.more_is_better),
                "ours_at_fault": fault,
                "peer_at_fault": [
                    peer for peer in PEERS if any(not r["ok"] for r in runs[cell.name].get(peer, []))
                ],
                "limited_by_load": sum(limited) * 2 > len(limited),
                "runs": runs[cell.name],
            }
        )
    return judged


def judge_figures(figures, numbers):
    judged = []
    for figure in figures:
        ours = numbers[figure.name].get("ours", {})
        value = ours.get("median")
        judged.append(
            {
                "name": figure.name,
                "title": figure.title,
                "unit": figure.unit,
                "goal": figure.limit,
                "judged": value,
                "verdict": _verdict(value, figure.limit, False),
                "reason": ours.get("reason", ""),
                "brokers": numbers[figure.name],
            }
        )
    return judged


def ours_at_fault(document):
    return any(cell["ours_at_fault"] for cell in document["cells"])


def _goal(cell):
    sign = ">=" if cell["more_is_better"] else "<="
    return f"{sign} {cell['goal']:g}" + (" us" if cell["measure"] == P99 else "x")


def _judged(cell):
    if cell["judged"] is None:
        return "-"
    return f"{cell['judged']:.0f} us" if cell["measure"] == P99 else f"{cell['judged']:.2f}x"


def _remarks(cell):
    remarks = []
    if cell["ours_at_fault"]:
        remarks.append("ours at fault, see the JSON")
    if cell["peer_at_fault"]:
        remarks.append(f"at fault: {', '.join(cell['peer_at_fault'])}")
    if cell["measure"] == RATE and cell["limited_by_load"]:
        remarks.append("the load was the limit")
    return "; ".join(remarks)


def table(document):
    lines = []
    measure = None
    line = "{:34} {:13} {:>12} {:>12} {:>12} {:>9} {:>10}  {}"
    for cell in document["cells"]:
        heading = f"{cell['measure']} (to our 3.1.1)" if cell["against"].startswith("pair") else cell["measure"]
        if heading != measure:
            measure = heading
            lines += ["", line.format(measure, "", "ours", *PEERS, "judged", "goal", "").rstrip()]
        medians = [number(cell["medians"].get(broker)) for broker in ("ours", *PEERS)]
        remarks = _remarks(cell)
        verdict = cell["verdict"] + (f" ({remarks})" if remarks else "")
        lines.append(line.format(cell["title"], cell["channel"], *medians, _judged(cell), _goal(cell), verdict))
    if document["figures"]:
        lines += ["", "{:52} {:>12} {:>12} {:>12}".format("of one broker", "ours", "nodelay", "goal")]
    for figure in document["figures"]:
        values = [number(figure["brokers"].get(broker, {}).get("median")) for broker in ("ours", "nodelay")]
        goal = f"<= {figure['goal']:g} {figure['unit']}".strip()
        reason = f" ({figure['reason']})" if figure["reason"] else ""
        lines.append("{:52} {:>12} {:>12} {:>12}  {}{}".format(
            figure["title"], *values, goal, figure["verdict"], reason))  # fmt: skip
    everything = document["cells"] + document["figures"]
    count = {verdict: sum(1 for one in everything if one["verdict"] == verdict) for verdict in (MET, MISSED, UNKNOWN)}
    lines += ["", ", ".join(f"{n} {verdict}" for verdict, n in count.items() if n)]
    lines.append(
        f"mosquitto {document['mosquitto']}, {document['machine']['cpu']}, {document['machine']['cores']} cores, "
        f"medians of {document['repeat']}"
        + (", quick: no measurement" if document["quick"] else "")
        + (", on a machine that was busy" if document["machine"]["load_before"] > 0.5 else "")
    )
    return "\n".join(lines).lstrip("\n")


# --- Plot ----------------------------------------------------------------------------------------

ROW, LEFT, WIDTH, RIGHT = 22, 330, 430, 110
COLOURS = {MET: "#2e7d5b", MISSED: "#c0503a", UNKNOWN: "#999999"}


def _panel(title, rows, top):
    """Bars of one kind of ratio, each with its goal as a line across. `rows`: judged cells."""
    most = max([row["judged"] for row in rows] + [row["goal"] for row in rows] + [1]) * 1.05
    across = lambda value: LEFT + WIDTH * value / most  # noqa: E731
    bottom = top + 34 + ROW * len(rows)
    parts = [f'<text x="10" y="{top + 16}" class="title">{escape(title)}</text>']
    step = next(s for s in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000) if most / s <= 8)
    tick = 0.0
    while tick <= most:
        x = across(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{top + 28}" x2="{x:.1f}" y2="{bottom}" class="grid"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 13}" class="axis">{tick:g}x</text>')
        tick += step
    for i, row in enumerate(rows):
        y = top + 34 + ROW * i
        goal = across(row["goal"])
        parts += [
            f'<text x="{LEFT - 8}" y="{y + 12}" class="name">{escape(row["title"])}, {row["channel"]}</text>',
            f'<rect x="{LEFT}" y="{y + 1}" width="{across(row["judged"]) - LEFT:.1f}" height="14" '
            f'fill="{COLOURS[row["verdict"]]}"/>',
            f'<line x1="{goal:.1f}" y1="{y - 2}" x2="{goal:.1f}" y2="{y + 18}" class="goal"/>',
            f'<text x="{LEFT + WIDTH + 10}" y="{y + 12}">{escape(_judged(row) + ", " + _goal(row))}</text>',
        ]
    return parts, bottom + 34


def svg(document):
    parts = []
    top = 10
    for title, wanted in (
        ("Messages a second, as a ratio to the better mosquitto: longer is better", RATE),
        ("Broker CPU a message, as a ratio to the better mosquitto: shorter is better", CPU),
        ("p99 of the round trip, as a ratio to mosquitto with nodelay: shorter is better", P99_RATIO),
    ):
        rows = [
            cell
            for cell in document["cells"]
            if cell["measure"] == wanted and cell["judged"] is not None and cell["against"] == "mosquitto"
        ]
        if rows:
            panel, top = _panel(title, rows, top)
            parts += panel
    when = f"{document['date']}, mosquitto {document['mosquitto']}, {document['machine']['cpu']}"
    note = f"{when}. Black line: the goal. Green: met, red: missed."
    parts.append(f'<text x="10" y="{top + 4}" class="note">{escape(note)}</text>')
    style = (
        "text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:13px}.name{text-anchor:end}"
        ".axis{text-anchor:middle;font-size:10px;fill:#666}.grid{stroke:#ddd}.goal{stroke:#000;stroke-width:2}"
        ".note{font-size:10px;fill:#666}"
    )
    width, height = LEFT + WIDTH + RIGHT + 30, top + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><style>{style}</style>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>' + "\n".join(parts) + "</svg>\n"
    )
