"""Small programs with one planted bug each: the line that ends in `#: ` and what it should be.

Written before the ranking was tried on them, and not changed for it afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assay.problem import Call, Limits, Problem

LIMITS = Limits(cpu_seconds=1.0)


@dataclass(frozen=True)
class Planted:
    text: str
    calls: Sequence[str]

    @property
    def line(self) -> int:
        lines = self.text.splitlines()
        return 1 + next(n for n, line in enumerate(lines) if "  #: " in line)

    @property
    def buggy(self) -> str:
        return "\n".join(line.partition("  #: ")[0] for line in self.text.splitlines()) + "\n"

    @property
    def right(self) -> str:
        lines = []
        for line in self.text.splitlines():
            bad, _, good = line.partition("  #: ")
            lines.append(bad[: len(bad) - len(bad.lstrip())] + good if good else bad)
        return "\n".join(lines) + "\n"

    def problem(self) -> Problem:
        """Its visible tests, with what the right program gives."""
        scope: dict[str, object] = {}
        exec(self.right, scope)
        tests = tuple(
            Call(id=call, expression=call, expected=repr(eval(call, scope))) for call in self.calls
        )
        return Problem(id="planted", prompt="", tests=tests, limits=LIMITS)


PLANTED = {
    "roman": Planted(
        """\
VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}

def roman(text):
    total = 0
    last = 0
    for sign in reversed(text):
        value = VALUES[sign]
        if value < last:
            total += value  #: total -= value
        else:
            total += value
        last = value
    return total
""",
        ("roman('III')", "roman('XVI')", "roman('IX')", "roman('MCMXC')"),
    ),
    "balanced": Planted(
        """\
def balanced(text):
    pairs = {")": "(", "]": "[", "}": "{"}
    stack = []
    for sign in text:
        if sign in "([{":
            stack.append(sign)
        elif sign in pairs:
            if not stack or stack.pop() != pairs[sign]:
                return False
    return True  #: return not stack
""",
        ("balanced('()')", "balanced('(]')", "balanced('(')", "balanced('[{}]')", "balanced(')')"),
    ),
    "binary_search": Planted(
        """\
def search(items, wanted):
    low = 0
    high = len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle
        if items[middle] < wanted:
            low = middle  #: low = middle + 1
        else:
            high = middle - 1
    return -1
""",
        ("search([1, 3, 5], 3)", "search([1, 3, 5], 1)", "search([2, 4, 6, 8], 8)"),
    ),
    "gcd": Planted(
        """\
def gcd(a, b):
    if b == 0:
        return a
    return gcd(a % b, b)  #: return gcd(b, a % b)
""",
        ("gcd(7, 0)", "gcd(12, 18)", "gcd(9, 0)"),
    ),
    "vowels": Planted(
        """\
def vowels(text):
    count = 0
    for index, sign in enumerate(text):
        lower = sign.lower()
        if lower in "aeiou":
            count += 1
        elif lower == "y" and index == len(text):  #: elif lower == "y" and index == len(text) - 1:
            count += 1
    return count
""",
        ("vowels('abc')", "vowels('AEIOU')", "vowels('key')", "vowels('yes')"),
    ),
    "leap": Planted(
        """\
def leap(year):
    if year % 400 == 0:
        return True
    if year % 100 == 0:
        return True  #: return False
    return year % 4 == 0
""",
        ("leap(2000)", "leap(1900)", "leap(2024)", "leap(2023)"),
    ),
    "matrix": Planted(
        """\
def product(a, b):
    rows = len(a)
    columns = len(b[0])
    inner = len(b)
    made = [[0] * columns for _ in range(rows)]
    for i in range(rows):
        for j in range(columns):
            for k in range(inner):
                made[i][j] += a[i][k] * b[j][k]  #: made[i][j] += a[i][k] * b[k][j]
    return made
""",
        ("product([[2]], [[3]])", "product([[1, 2], [3, 4]], [[5, 6], [7, 8]])"),
    ),
    "word_count": Planted(
        """\
def word_count(text):
    counts = {}
    for word in text.split():
        word = word.strip(".,!?").lower()
        if not word:
            continue
        if word in counts:
            counts[word] = 1  #: counts[word] += 1
        else:
            counts[word] = 1
    return counts
""",
        ("word_count('one two')", "word_count('a b a')", "word_count('')", "word_count('! x')"),
    ),
    "merge": Planted(
        """\
def merge(a, b):
    made = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            made.append(a[i])
            i += 1
        else:
            made.append(b[j])
            j += 1
    made.extend(a[i:])
    made.extend(b[i:])  #: made.extend(b[j:])
    return made
""",
        ("merge([1], [])", "merge([1, 4], [2, 3])", "merge([1, 2], [3, 4])", "merge([], [1])"),
    ),
    "primes": Planted(
        """\
def primes(n):
    found = []
    for number in range(2, n + 1):
        for prime in found:
            if prime * prime >= number:  #: if prime * prime > number:
                found.append(number)
                break
            if number % prime == 0:
                break
        else:
            found.append(number)
    return found
""",
        ("primes(1)", "primes(3)", "primes(10)", "primes(30)"),
    ),
    "stack": Planted(
        """\
class Stack:
    def __init__(self):
        self.items = []
        self.size = 0

    def push(self, item):
        self.items.append(item)
        self.size += 1

    def pop(self):
        if not self.items:
            return None
        return self.items.pop(0)  #: return self.items.pop()

def run(commands):
    stack = Stack()
    out = []
    for command in commands:
        if command == "pop":
            out.append(stack.pop())
        else:
            stack.push(command)
    return out
""",
        ("run(['pop'])", "run([1, 2])", "run([1, 2, 'pop'])", "run([1, 2, 3, 'pop', 'pop'])"),
    ),
    "flatten": Planted(
        """\
def flatten(items):
    made = []
    for item in items:
        if isinstance(item, list):
            made.append(flatten(item))  #: made.extend(flatten(item))
        else:
            made.append(item)
    return made
""",
        ("flatten([1, 2])", "flatten([])", "flatten([1, [2, [3]]])"),
    ),
    "caesar": Planted(
        """\
def shifted(sign, start, by):
    place = ord(sign) - start + by
    return chr(place % 25 + start)  #: return chr(place % 26 + start)

def caesar(text, by):
    out = ""
    for sign in text:
        if sign.islower():
            out += shifted(sign, 97, by)
        elif sign.isupper():
            out += shifted(sign, 65, by)
        else:
            out += sign
    return out
""",
        ("caesar('abc', 1)", "caesar('xyz', 3)", "caesar('1 2', 5)", "caesar('Hi!', 2)"),
    ),
    "change": Planted(
        """\
def change(amount, coins):
    ways = [1] + [0] * amount
    for coin in coins:
        for total in range(coin, amount + 1):
            ways[total] += ways[total - 1]  #: ways[total] += ways[total - coin]
    return ways[amount]
""",
        ("change(0, [1])", "change(3, [1])", "change(5, [1, 2, 5])", "change(10, [2, 5])"),
    ),
    "median": Planted(
        """\
def median(numbers):
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    low = ordered[middle - 1]
    high = ordered[middle]
    return low + high / 2  #: return (low + high) / 2
""",
        ("median([])", "median([3, 1, 2])", "median([4, 1])", "median([1, 2, 3, 5])"),
    ),
    "grades": Planted(
        """\
def grade(points):
    if points >= 90:
        return "A"
    elif points >= 80:
        return "B"
    elif points > 70:  #: elif points >= 70:
        return "C"
    elif points >= 60:
        return "D"
    return "F"
""",
        ("grade(95)", "grade(80)", "grade(70)", "grade(61)", "grade(10)", "grade(75)"),
    ),
    "parse": Planted(
        """\
def parse(text):
    pairs = {}
    for part in text.split(";"):
        part = part.strip()
        if part == "":
            continue
        if "=" not in part:
            pairs[part] = None
            continue
        key, value = part.split("=")  #: key, value = part.split("=", 1)
        pairs[key.strip()] = value.strip()
    return pairs
""",
        ("parse('')", "parse('a; b')", "parse('x = 1')", "parse('q = a=b')"),
    ),
    "path": Planted(
        """\
def shortest(graph, start, goal):
    waiting = [(start, 0)]
    seen = {start}
    while waiting:
        node, length = waiting.pop(0)
        if node == goal:
            return length
        for other in graph.get(node, []):
            if other not in seen:
                seen.add(other)
                waiting.append((other, length))  #: waiting.append((other, length + 1))
    return None
""",
        (
            "shortest({'a': ['b']}, 'a', 'a')",
            "shortest({'a': []}, 'a', 'z')",
            "shortest({'a': ['b'], 'b': ['c']}, 'a', 'c')",
        ),
    ),
    "collatz": Planted(
        """\
def steps(n):
    count = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n - 1  #: n = 3 * n + 1
        count += 1
    return count
""",
        ("steps(1)", "steps(8)", "steps(7)", "steps(4)"),
    ),
    "compress": Planted(
        """\
def compress(text):
    if not text:
        return ""
    out = []
    current = text[0]
    count = 0  #: count = 1
    for sign in text[1:]:
        if sign == current:
            count += 1
        else:
            out.append(current + str(count))
            current = sign
            count = 1
    out.append(current + str(count))
    return "".join(out)
""",
        ("compress('')", "compress('aab')", "compress('abc')", "compress('zzzz')"),
    ),
}
