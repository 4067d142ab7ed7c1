"""Figures from many samples: percentiles, rates, a straight line. Times in seconds unless a name says otherwise."""
import math


def percentile(values, p):
    """The p-th percentile, linear between neighbours; None of nothing."""
    if not values:
        return None
    values = sorted(values)
    at = (len(values) - 1) * p / 100
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def milliseconds(seconds):
    """p50, p95, p99 and the largest, in milliseconds."""
    points = {f"p{p}": percentile(seconds, p) for p in (50, 95, 99)} | {"max": max(seconds, default=None)}
    return {name: None if value is None else round(value * 1e3, 2) for name, value in points.items()}


def line(points):
    """Slope of the least-squares line through (x, y) and its standard error; needs three points that differ in x."""
    n = len(points)
    if n < 3:
        raise ValueError("a line with an error needs three points")
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    squares = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points)
    return slope, math.sqrt(squares / (n - 2) / spread)
