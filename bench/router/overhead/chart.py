"""Two small SVG charts without a library: points with intervals, and a line. Text stays text; the same figures give the same file."""
import html
import math

COLOURS = {"gateway": "#1b6f5a", "relay": "#8a8f98"}
WIDTH, PANEL, LEFT, TOP, GAP = 620, 150, 60, 34, 44


def nice_step(span):
    """About four steps of 1, 2 or 5 times a power of ten."""
    raw = max(span, 1e-9) / 4
    power = 10 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)


def text(x, y, words, anchor="start", size=10, colour="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{html.escape(words)}</text>'


def line(x1, y1, x2, y2, colour="#ccc", width=1.0):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def scale(low, high, top):
    """(value -> y, ticks) of a panel whose upper edge is at `top`; zero is always within."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = nice_step(high - low)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step or step
    ticks = [low + step * k for k in range(round((high - low) / step) + 1)]
    return (lambda value: top + PANEL * (high - value) / (high - low)), ticks


def document(height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            'font-family="sans-serif">\n<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def axis(ticks, y_of):
    for tick in ticks:
        yield line(LEFT, y_of(tick), WIDTH - 12, y_of(tick), "#999" if tick == 0 else "#e3e3e3")
        yield text(LEFT - 6, y_of(tick) + 3, f"{tick:g}", "end", 9)


def intervals(title, panels):
    """`panels`: [(title, [(level, way, median, low, high, faint)])]; a faint point is one that does not count."""
    parts = [text(12, 16, title, size=12)]
    top = TOP + 18
    for heading, points in panels:
        levels, ways = sorted({point[0] for point in points}), sorted({point[1] for point in points})
        y_of, ticks = scale(min(point[3] for point in points), max(point[4] for point in points), top)
        parts.append(text(LEFT, top - 8, heading))
        parts += axis(ticks, y_of)
        room = (WIDTH - 12 - LEFT) / len(levels)
        for level, way, median, low, high, faint in points:
            middle = LEFT + room * (levels.index(level) + 0.5)
            x = middle + (ways.index(way) - (len(ways) - 1) / 2) * 22
            colour = "#d0b0b0" if faint else COLOURS.get(way, "#5b7aa6")
            parts += [line(x, y_of(low), x, y_of(high), colour, 2),
                      f'<circle cx="{x:.1f}" cy="{y_of(median):.1f}" r="3.5" fill="{colour}"/>',
                      text(x + 6, y_of(median) + 3, f"{median:.2f}", size=8, colour=colour)]
        for index, level in enumerate(levels):
            parts.append(text(LEFT + room * (index + 0.5), top + PANEL + 14, f"{level} client{'s' * (level != 1)}", "middle", 9))
        top += PANEL + GAP
    ways = sorted({point[1] for _, points in panels for point in points})
    parts += [text(WIDTH - 12 - 80 * (len(ways) - index), 16, way, colour=COLOURS.get(way, "#5b7aa6")) for index, way in enumerate(ways)]
    return document(top - 10, parts)


def curve(title, points, x_name):
    """A line through (x, y)."""
    y_of, ticks = scale(0, max(y for _, y in points), TOP + 18)
    x_max = max(x for x, _ in points) or 1
    path = " ".join(f"{LEFT + (WIDTH - 12 - LEFT) * x / x_max:.1f},{y_of(y):.1f}" for x, y in points)
    bottom = TOP + 18 + PANEL
    return document(bottom + 34, [text(12, 16, title, size=12), *axis(ticks, y_of),
                                  f'<polyline points="{path}" fill="none" stroke="{COLOURS["gateway"]}" stroke-width="1.5"/>',
                                  text(WIDTH - 12, bottom + 16, f"{x_max:,} {x_name}", "end", 9)])
