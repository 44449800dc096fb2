"""Plausible wrong programs for problems of Assay's own suite: each passes the visible tests."""

WRONG = {
    "python/shift-length": """
def shift_minutes(start, end, pause=0):
    def at(text):
        return 60 * int(text[:2]) + int(text[3:])
    return (at(end) - at(start)) % 1440 - pause  # equal times, a pause beyond the shift
""",
    "python/clean-phone": """
def clean_phone(text, country):
    digits = "".join(c for c in text if c.isdigit())
    if not digits:
        raise ValueError
    if text.startswith("+"):
        return "+" + digits
    return "+" + country + digits.lstrip("0")  # letters, the length, two zeros
""",
    "python/free-slots": """
def free_slots(busy, opens, closes, least):
    slots, at = [], opens
    for start, end in sorted(busy):
        if start - at >= least:
            slots.append((at, start))
        at = end  # overlaps
    if closes - at >= least and closes > at:
        slots.append((at, closes))
    return slots
""",
    "python/split-bill": """
def split_bill(cents, shares):
    whole = sum(shares.values())
    parts = {name: cents * share // whole for name, share in shares.items()}
    for name in list(parts)[: cents - sum(parts.values())]:
        parts[name] += 1  # by order, not by remainder
    return parts
""",
    "python/spreadsheet": """
import re

def evaluate(cells):
    done = {}
    def value(name, above):
        if name in above:
            return "#CYCLE"
        text = cells.get(name, "0")
        if not text.startswith("="):
            return int(text)
        seen = {}
        for one in re.findall(r"[A-Z]+[0-9]+", text):
            seen[one] = value(one, above | {name})
        if "#CYCLE" in seen.values():
            return "#CYCLE" if any(name in cells.get(o, "") for o in seen) else "#REF"
        if any(isinstance(v, str) for v in seen.values()):
            return "#REF"
        try:
            return eval(re.sub(r"[A-Z]+[0-9]+", lambda m: f"({seen[m[0]]})", text[1:]))
        except Exception:
            return "#ERROR"
    return {name: value(name, frozenset()) for name in cells}
""",
    "javascript/format-size": """
function formatSize(bytes) {
  if (bytes < 1000) return bytes + ' B';
  for (const unit of ['kB', 'MB', 'GB']) {
    bytes /= 1000;
    if (bytes < 1000 || unit === 'GB') return (bytes - 0.04999).toFixed(1) + ' ' + unit;
  }
}
""",
    "javascript/query-string": """
function readQuery(query) {
  const found = {};
  for (const part of query.replace('?', '').split('&')) {
    const decode = (text) => decodeURIComponent(text.replace(/[+]/g, ' '));
    const [name, value = ''] = part.split('=').map(decode);
    if (name in found) found[name] = [].concat(found[name], value);
    else found[name] = value;
  }
  return found;
}
""",
    "javascript/inline-markup": """
function toHtml(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
    .replace(/`(.*?)`/g, '<code>$1</code>').replace(/\\*(.*?)\\*/g, '<b>$1</b>')
    .replace(/_(.*?)_/g, '<i>$1</i>');
}
""",
    "cpp/parking-fee": """
#include <algorithm>
#include <iostream>
int main() {
    int from, to;
    std::cin >> from >> to;
    int stay = to - from;
    std::cout << (stay <= 15 ? 0 : std::min(1500, (stay + 59) / 60 * 200)) << "\\n";
}
""",
    "cpp/near-pairs": """
#include <algorithm>
#include <iostream>
#include <vector>
int main() {
    long long n, a, c, m, d;
    int pairs = 0;
    std::cin >> n >> a >> c >> m >> d;
    std::vector<long long> x(n);
    for (int i = 0; i < n; i++) x[i] = i ? (a * x[i - 1] + c) % m : c % m;
    std::sort(x.begin(), x.end());
    for (int i = 0, j = 0; i < n; i++) {
        while (x[i] - x[j] > d) j++;
        pairs += i - j;
    }
    std::cout << pairs << "\\n";
}
""",
    "cpp/train-routes": """
#include <iostream>
#include <map>
#include <string>
#include <vector>
struct Train { std::string from, to; long long leaves, arrives; };
int main() {
    int n, k;
    std::cin >> n >> k;
    std::vector<Train> trains(n);
    for (auto& t : trains) std::cin >> t.from >> t.to >> t.leaves >> t.arrives;
    while (k--) {
        std::string start, goal;
        long long minute, change;
        std::cin >> start >> goal >> minute >> change;
        std::map<std::string, long long> at{{start, minute - change}};
        for (auto& t : trains)  // in the order given
            if (at.count(t.from) && at[t.from] + change <= t.leaves)
                if (!at.count(t.to) || at[t.to] > t.arrives) at[t.to] = t.arrives;
        if (start == goal) std::cout << minute << "\\n";
        else if (at.count(goal)) std::cout << at[goal] << "\\n";
        else std::cout << "never\\n";
    }
}
""",
    "bash/count-levels": """
log=$(cat)
for level in ERROR WARN INFO; do echo "$level $(grep -c "$level" <<< "$log")"; done
""",
    "bash/read-env": """
while read -r line; do
  case $line in ''|'#'*) continue;; esac
  line=${line#export }
  value=${line#*=}
  value=${value#\\"}
  echo "${line%%=*}=${value%\\"}"
done | sort -s -t= -k1,1 | awk -F= '{ last[$1] = $0 } END { for (n in last) print last[n] }' | sort
""",
    "bash/backup-rotation": """
awk -v keep="$1" -F- '/[.]tar$/ { print $1, $2 }' | sort -k1,1 -k2,2r |
  awk -v keep="$1" '++n[$1] > keep { print $1 "-" $2 }' | sort
""",
    "sql/idle-customers": """
SELECT name, count(p.id) FROM customer c LEFT JOIN purchase p ON p.customer = c.id
WHERE cents IS NULL OR cents < 1000 GROUP BY c.id ORDER BY name;
""",
    "sql/best-per-team": """
SELECT team, player, points FROM (
  SELECT team, player, sum(points) AS points,
    rank() OVER (PARTITION BY team ORDER BY sum(points) DESC) AS place
  FROM result GROUP BY team, player
) WHERE place = 1 ORDER BY team, player;
""",
    "sql/streaks": """
WITH days AS (
  SELECT member, day, julianday(day) - row_number() OVER (PARTITION BY member ORDER BY day) AS part
  FROM visit -- each visit, not each day
), runs AS (
  SELECT member, min(day) AS first, count(*) AS days FROM days GROUP BY member, part
), best AS (
  SELECT *, row_number() OVER (PARTITION BY member ORDER BY days DESC, first DESC) AS n FROM runs
)
SELECT member, first, days FROM best WHERE n = 1 ORDER BY days DESC, member;
""",
}
