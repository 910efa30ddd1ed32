# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the rounds come to: bench.json. A spread is always that of the quartiles.

def quantile($q):
  sort as $sorted | ((length - 1) * $q) as $at | ($at | floor) as $low
  | $sorted[$low] + ($at - $low) * (($sorted[$low + 1] // $sorted[$low]) - $sorted[$low]);

def spread:
  if length == 0 then null
  else {median: quantile(0.5), low: quantile(0.25), high: quantile(0.75), min: min, max: max, n: length}
  end;

# Milliseconds of rounds; what did not happen within the limit counts as the limit, and is `over`.
def times($key):
  .[0].limit_ms as $limit
  | [.[] | .[$key] // $limit] | spread | .over = (.median >= $limit);

# The other's time by ours, round by round. Where neither got there, there is nothing to compare.
def against($ours; $key):
  .[0].limit_ms as $limit
  | [range([length, ($ours | length)] | min) as $i
     | select(.[$i][$key] or $ours[$i][$key])
     | (.[$i][$key] // $limit) / ($ours[$i][$key] // $limit)]
  | spread
  | if . then
      .word = (if .low > 1 then "ahead" elif .high < 1 then "behind" else "even" end)
    else . end;

def kills:
  [.[] | select(.kind == "kill")] as $all
  | reduce $all[] as $row ([]; if index($row.victim) then . else . + [$row.victim] end)
  | map(. as $victim
    | [$all[] | select(.victim == $victim)] as $rows
    | [$rows[] | select(.way == "mmreap")] as $ours
    | {victim: $victim, title: $rows[0].title, mib: $rows[0].mib, victims: $rows[0].victims,
       limit_ms: $rows[0].limit_ms, rounds: ($ours | length),
       ways: (["kill", "naive", "pkill", "mmreap"] | map(. as $way
         | [$rows[] | select(.way == $way)]
         | select(length > 0)
         | {way: $way, of: (map(.victims) | add),
            # The others say nothing of it, or have nothing to say.
            reaped: (if $way == "naive" or $way == "mmreap" then map(.reaped) | add else null end),
            handed_over: (if .[0].handed_over == null then null
                          else map(select(.handed_over)) | length end),
            memory: times("memory_ms"), exit: times("exit_ms"), command: times("command_ms"),
            memory_against: (if $way == "mmreap" then null else against($ours; "memory_ms") end),
            exit_against: (if $way == "mmreap" then null else against($ours; "exit_ms") end)}))});

def unmaps:
  [.[] | select(.kind == "unmap")] | group_by([.mib, .threads])
  | map({mib: .[0].mib, threads: .[0].threads, unmap: (map(.unmap_ms) | spread)});

# Least squares through the logarithms of [x, y].
def exponent:
  map(select(.[1] > 0) | map(log))
  | length as $n
  | if $n < 2 then null else
      ((map(.[0]) | add) / $n) as $x | ((map(.[1]) | add) / $n) as $y
      | (map((.[0] - $x) * (.[1] - $y)) | add) / (map((.[0] - $x) * (.[0] - $x)) | add)
    end;

# The rounds of all targets.
def rounds($of; $what): [.[$of][][$what][]];

# One command beside its loop: what that many processes more cost, in microseconds, `what` being the
# time that passes ("elapsed_us") or that on all CPUs ("cpu_us"). What a loop costs that takes less
# than half a millisecond is lost in what the start of a command costs: of that there is no ratio.
def growth($ours; $loop; $what):
  (.[0] | rounds($ours; $what) | quantile(0.5)) as $our_base
  | (.[0] | rounds($loop; $what) | quantile(0.5)) as $loop_base
  | {alone_us: $our_base, loop_alone_us: $loop_base,
     rows: (.[1:] | map(. as $row
       | {processes: .processes,
          us: (rounds($ours; $what) | map(. - $our_base) | spread),
          loop_us: (rounds($loop; $what) | map(. - $loop_base) | spread)}
       | if .loop_us.median < 500 then . else
           [range($row[$ours] | length) as $target
            | $row[$ours][$target][$what] as $us | $row[$loop][$target][$what] as $loop_us
            | [range($us | length) | ($us[.] - $our_base) / ($loop_us[.] - $loop_base)]] as $ratios
           | .ratio = ($ratios | add | spread)
           | .worst = ($ratios | map(quantile(0.5)) | if length > 1 then max else null end)
         end))}
  | .exponent = (.rows | map([.processes, .us.median]) | exponent)
  | .loop_exponent = (.rows | map([.processes, .loop_us.median]) | exponent);

def looks:
  [.[] | select(.kind == "look")]
  | if length < 2 then null
    else {sharers: {elapsed: growth("sharers"; "kcmp"; "elapsed_us"), cpu: growth("sharers"; "kcmp"; "cpu_us")},
          status: {elapsed: growth("status"; "stat"; "elapsed_us"), cpu: growth("status"; "stat"; "cpu_us")}}
    end;

def startups:
  [.[] | select(.kind == "startup")]
  | if length == 0 then null else
      {rounds: .[0].rounds,
       rows: map({processes: .processes, kill: .commands[0], spare: .commands[1],
                  default: .commands[2]}),
       per_process_us: (if length < 2 then null else
         ((.[1].commands[2].median_us - .[0].commands[2].median_us)
          - (.[1].commands[1].median_us - .[0].commands[1].median_us))
         / (.[1].processes - .[0].processes) end)}
    end;

# How near mmreap comes to the fastest way in which a sleeping victim unmaps as much by itself.
def nearness:
  .unmap as $unmap
  | [.kills[] | select(.victim == "idle" or .victim == "big") | .mib as $mib
     | (.ways[] | select(.way == "mmreap") | .memory.median) as $ours
     | [$unmap[] | select(.mib == $mib) | .unmap.median] | select(length > 0)
     | {mib: $mib, ratio: ($ours / min)}];

def report($facts):
  $facts + {kills: kills, unmap: unmaps, startup: startups, look: looks}
  | .near_limit = nearness;
