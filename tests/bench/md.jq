# SPDX-License-Identifier: GPL-2.0-or-later
#
# The report for the README.

include "words";

def cell: if . == null then "–" elif .word == "behind" then "**\(ratio)**" else ratio end;

def kill_table($what; $key):
  [.kills[0].ways[].way] as $ways
  | "| \($what) | \([$ways[] | names[.]] | join(" | ")) | \([$ways[] | select(. != "mmreap") | "\(names[.]) : mmreap"] | join(" | ")) |",
    "|---|\([$ways[], $ways[1:][] | "---|"] | join(""))",
    (.kills[] | . as $kill
     | ($ways | map(. as $way | $kill.ways[] | select(.way == $way))) as $row
     | "| \(.title) | \([$row[] | .[$key] | milliseconds] | join(" | ")) "
       + "| \([$row[] | select(.way != "mmreap") | .["\($key)_against"] | cell] | join(" | ")) |");

def share_line:
  [.kills[] | . as $kill | [.ways[] | select(.reaped != null)] | select(length > 0)
   | "\($kill.title) \([.[] | "\(.reaped)"] | join(" and ")) of \(.[0].of)"]
  | "Taken by the call itself, naive and mmreap: \(join("; ")).";

def md:
  "![Time until memory is back, and until the exit](tests/bench/bench.svg)",
  "",
  "\(heading), load \(.load) before; medians of \(.runs) rounds. "
  + "Milliseconds from the start of the command; then how many times as long as mmreap took in the "
  + "same round, median and quartiles, bold where mmreap is behind. Victims of 256 MiB where nothing "
  + "else is said.",
  "",
  (if .kills | length > 0 then
    kill_table("Memory back"; "memory"), "", kill_table("Exit"; "exit"), "", share_line
  else empty end),
  (.kills[] | select(any(.ways[]; .handed_over != null))
   | "Of the robust mutexes, waiters got \([.ways[] | "\(.handed_over) after \(names[.way])"] | join(", ")) (of \(.ways[0].of))."),
  (if .unmap | length > 0 then
    "A process that unmaps its own memory takes "
    + ([.unmap[] | "\(.unmap.median | number) ms for \(.mib) MiB with \(threads)"] | join(", "))
    + (if .near_limit | length > 0 then "; memory back by mmreap, its start included, takes \(near)." else "." end)
  else empty end),
  (if .startup then "",
    "| Exec to signal, µs | kill -9 | mmreap kill --sharers spare | mmreap kill |", "|---|---|---|---|",
    (.startup.rows[] | .kill as $kill | "| among \(.processes) processes more | "
     + ([.kill, .spare, .default
         | "\(.median_us | number) (\(.low_us | number)–\(.high_us | number))"
           as $figure | if startup_word($kill) == "behind" then "**\($figure)**" else $figure end]
        | join(" | ")) + " |")
  else empty end),
  (if .look then "",
    "| Time for so many processes more, µs | \([.look.sharers.elapsed.rows[].processes | tostring] | join(" | ")) | growth |",
    "|---|\([.look.sharers.elapsed.rows[] | "---|"] | join(""))---|",
    ((["sharers PID", "the bare kcmp loop", .look.sharers], ["status", "reading /proc/PID/stat", .look.status])
     | . as [$name, $loop, $look]
     | "| \($name) | \([$look.elapsed.rows[] | .us.median | number] | join(" | ")) | n^\($look.elapsed.exponent | number) |",
       "| \($loop) | \([$look.elapsed.rows[] | .loop_us.median | number] | join(" | ")) | n^\($look.elapsed.loop_exponent | number) |",
       "| the first by the second | \([$look.elapsed.rows[] | look_ratio] | join(" | ")) | |",
       "| the same of CPU time | \([$look.cpu.rows[] | look_ratio] | join(" | ")) | |")
  else empty end),
  (if .notes | length > 0 then "", "Not here: \(.notes | join("; "))." else empty end);
