# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plot: for each victim and each way, the time until memory is back and until the exit, median
# and quartiles, on a logarithmic scale.

include "words";

def colour: {kill: "#8a8f98", naive: "#d9822b", pkill: "#9b59b6", mmreap: "#1f6feb"};
def log10_of: log / (10 | log);
def escape: gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");
def at: . * 10 | round / 10;

def text($x; $y; $anchor; $size):
  "<text x=\"\($x)\" y=\"\($y)\" text-anchor=\"\($anchor)\" font-size=\"\($size)\">\(escape)</text>";

def plot:
  230 as $left | 270 as $wide | 40 as $gap | 11 as $line | 62 as $top
  | [.kills[].ways[] | .memory, .exit | .low, .high] as $all
  | ($all | min | log10_of | floor) as $from | ($all | max | log10_of | ceil) as $to
  | (.kills[0].ways | length * $line + 9) as $band
  | ($top + $band * (.kills | length)) as $bottom
  | ($left + 2 * $wide + $gap + 20) as $width | ($bottom + 42) as $height
  | def x($panel): ($left + $panel * ($wide + $gap)
        + ((if . > 0 then log10_of else $from end) - $from) / ($to - $from) * $wide) | at;
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \($width) \($height)\" width=\"\($width)\" height=\"\($height)\" font-family=\"sans-serif\" fill=\"#24292f\">",
    "<!-- SPDX-License-Identifier: GPL-2.0-or-later; made by tests/bench/svg.jq -->",
    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
    (heading + ", \(.runs) rounds" | text(10; 18; "start"; 12)),
    ([.kills[0].ways[].way] | to_entries[] | (16 + .key * 65) as $x | .value
     | "<circle cx=\"\($x)\" cy=\"36\" r=\"4\" fill=\"\(colour[.])\"/>",
       (names[.] | text($x + 8; 40; "start"; 11))),
    ((0, 1) as $panel
     | (["memory back, ms", "exit, ms"][$panel] | text($left + $panel * ($wide + $gap) + $wide / 2; 40; "middle"; 12)),
       (range($from; $to + 1) | pow(10; .)
        | x($panel) as $x
        | "<line x1=\"\($x)\" x2=\"\($x)\" y1=\"\($top - 8)\" y2=\"\($bottom)\" stroke=\"#d0d7de\"/>",
          (tostring | text($x; $bottom + 14; "middle"; 10)))),
    (.kills | to_entries[] | .key as $i | .value
     | ($top + $i * $band) as $y
     | (.title | text($left - 12; $y + $band / 2 - 2; "end"; 11)),
       (.ways | to_entries[] | .key as $j | .value
        | colour[.way] as $colour | ($y + $j * $line) as $cy
        | ([.memory, 0], [.exit, 1]) as [$time, $panel]
        | ($time.median | x($panel)) as $x
        | "<line x1=\"\($time.low | x($panel))\" x2=\"\($time.high | x($panel))\" y1=\"\($cy)\" y2=\"\($cy)\" stroke=\"\($colour)\" stroke-width=\"2\"/>",
          (if $time.over then
            "<path d=\"M\($x - 4) \($cy - 4)L\($x + 4) \($cy)L\($x - 4) \($cy + 4)z\" fill=\"none\" stroke=\"\($colour)\" stroke-width=\"1.5\"/>"
           else "<circle cx=\"\($x)\" cy=\"\($cy)\" r=\"4\" fill=\"\($colour)\"/>" end))),
    ("From the start of the command; medians and quartiles; an open triangle: not within the limit."
     | text(10; $bottom + 34; "start"; 10)),
    "</svg>";

def svg: if .kills | length > 0 then plot else empty end;
