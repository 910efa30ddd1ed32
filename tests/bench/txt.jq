# SPDX-License-Identifier: GPL-2.0-or-later
#
# The report for a terminal.

include "words";

def left($width): . + " " * ([$width - length, 0] | max);
def right($width): (" " * ([$width - length, 0] | max)) + .;
def mark: if . == null then "" else {ahead: "", even: "=", behind: "!"}[.word] end;

def kill_lines:
  (.title + (if .victims == 1 and .mib == 256 then ", \(.mib) MiB" else "" end)) as $title
  | .rounds as $rounds | .ways | to_entries[]
  | .key as $i | .value
  | (if $i == 0 then $title elif $i == 1 then "  \($rounds) rounds" else "" end | left(38))
    + (names[.way] | left(9)) + (share | right(11))
    + (.memory | milliseconds | right(9)) + (.memory_against | ratio | right(20))
    + (.memory_against | mark | right(2))
    + (.exit | milliseconds | right(9)) + (.exit_against | ratio | right(20))
    + (.exit_against | mark | right(2));

def robust_lines:
  .kills[] | select(any(.ways[]; .handed_over != null))
  | "\(.title): handed over "
    + ([.ways[] | "\(names[.way]) \(.handed_over) of \(.of)"] | join(", "));

def look_lines($name; $loop; $time):
  "\($name), \($time): \(.alone_us | number) us without processes; with them, more by (growth: "
  + "n^\(.exponent | number), \($loop) n^\(.loop_exponent | number))",
  (.rows[] | "  \(.processes | tostring | right(6)) processes"
    + (.us.median | number | right(9)) + " us, \($loop)" + (.loop_us.median | number | right(9))
    + " us, ratio \(look_ratio)");

def txt:
  heading + ", load \(.load) at the start", "",
  (if .kills | length > 0 then
    ("" | left(38)) + ("" | left(9)) + ("reaped" | right(11)) + ("memory" | right(9))
      + ("times ours" | right(20)) + "  " + ("exit" | right(9)) + ("times ours" | right(20)),
    (.kills[] | kill_lines),
    "Milliseconds from the start of the command, medians; beside them how many times as long as",
    "mmreap's in the same round, median (quartiles). ! mmreap is behind, = the quartiles span 1.",
    robust_lines
  else empty end),
  (if .unmap | length > 0 then "",
    "The limit: a process that unmaps its own memory",
    (.unmap[] | "  \(.mib | tostring | right(5)) MiB, \(threads): \(.unmap.median | number) ms "
      + "(\(.unmap.low | number)–\(.unmap.high | number))"),
    (if .near_limit | length > 0 then "  memory back by mmreap, with its start: \(near)" else empty end)
  else empty end),
  (if .startup then "",
    "From exec to the signal, us, \(.startup.rounds) rounds, median (quartiles)",
    (.startup.rows[] | .kill as $kill | "  among \(.processes) processes more",
      ((["kill -9", .kill], ["mmreap kill --sharers spare", .spare], ["mmreap kill", .default])
       | .[0] as $name | .[1]
       | "    \($name | left(28)) \(.median_us | number | right(7)) "
         + "(\(.low_us | number)–\(.high_us | number)), \(.ratio | number) times kill -9"
         + (if $name == "kill -9" then "" else {word: startup_word($kill)} | " " + mark end))),
    (if .startup.per_process_us then
      "  looking for sharers: \(.startup.per_process_us | number) us for each process" else empty end)
  else empty end),
  (if .look then "",
    ((["sharers", .look.sharers, "kcmp loop"], ["status", .look.status, "stat loop"])
     | . as [$name, $look, $loop]
     | ($look.elapsed | look_lines($name; $loop; "time")),
       ($look.cpu | look_lines($name; $loop; "CPU time")))
  else empty end),
  (if .notes | length > 0 then "", "Not here", (.notes[] | "  \(.)") else empty end);
