# SPDX-License-Identifier: GPL-2.0-or-later
#
# Figures as words, for the table, the README and the plot.

def names: {kill: "kill -9", naive: "naive", pkill: "pkill -m", mmreap: "mmreap"};

# Three digits that mean something.
def digits($after):
  pow(10; $after) as $unit | (. * $unit | round) as $n
  | "\($n / $unit | floor).\("00\($n % $unit)"[-$after:])";

def number:
  if . == null then "–"
  elif . < 0 then "-" + (-. | number)
  elif . >= 100 then round | tostring
  elif . >= 10 then digits(1)
  else digits(2)
  end;

def milliseconds: if .over then "> \(.median | number)" else .median | number end;

def ratio:
  if . == null then "–" else "\(.median | number) (\(.low | number)–\(.high | number))" end;

# Of a command and its loop, over all targets, and of the target with the largest.
def look_ratio:
  if .ratio == null then "–" else (.ratio | ratio) + (if .worst then ", worst target \(.worst | number)" else "" end) end;

def share: if .reaped == null then "–" else "\(.reaped) of \(.of)" end;

def heading:
  "\(.version), Linux \(.linux), \(.cpus) CPUs, \(.date)"
  + if .procps then ", pkill of procps \(.procps)" else "" end;

def threads: "\(.threads) thread\(if .threads > 1 then "s" else "" end)";

def near: [.near_limit[] | "\(.ratio | number) times the fastest for \(.mib) MiB"] | join(", ");

# One contender's quartiles beside the other's.
def startup_word($kill):
  if .low_us > $kill.high_us then "behind"
  elif .high_us < $kill.low_us then "ahead" else "even" end;
