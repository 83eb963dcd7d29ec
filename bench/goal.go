package main

import "strings"

// goal is what an operation is held to, as a ratio.
type goal struct {
	operation string // a prefix of its name
	of        string // what is compared: rate or cpu
	by        string // the server that it is divided by
	limit     float64
	least     bool
}

// goals are those of docs/performance.md.
var goals = []goal{
	{"get by id", "rate", "bare", 0.33, true},
	{"get by id", "rate", "lean", 1, true},
	{"get by id", "cpu", "lean", 1, false},
	{"filter", "rate", "lean", 1.3, true},
	{"page of 100, first", "rate", "bare", 1, true},
	{"page of 100", "rate", "lean", 3, true},
	{"create user", "rate", "lean", 0.8, true},
	{"create user", "rate", "pgbench", 0.3, true},
	{"PUT user", "rate", "lean", 0.8, true},
	{"PATCH", "rate", "lean", 0.8, true},
	{"member", "rate", "lean", 0.8, true},
}

// growth is how much more an operation may cost in a company a hundred times
// as large. Pages by index are exempt: their rows have to be passed over.
const (
	growthTime = 1.25
	growthCPU  = 1.2
)

// ends is how much more the last page may take than the first, by cursor.
const ends = 1.5

// judge compares a row with the other servers, with itself in a small company,
// and with the first page.
func (r *row) judge(all *report) {
	own, ok := r.Samples["deskbridge"]
	if !ok {
		return
	}
	for _, g := range goals {
		other, has := r.Samples[g.by]
		if !strings.HasPrefix(r.Name, g.operation) || !has {
			continue
		}
		v := value{Name: "× " + g.by, Goal: g.limit, Least: g.least, Value: own.Rate / other.Rate}
		if g.of == "cpu" {
			v.Name, v.Value = "× CPU of "+g.by, float64(own.CPU)/float64(other.CPU)
		}
		r.note(v)
	}
	if small := all.find(r.Name); small != nil && small != r {
		before := small.Samples["deskbridge"]
		r.note(value{Name: "× time of " + number(small.Size), Value: before.Rate / own.Rate, Goal: growthTime})
		r.note(value{Name: "× its CPU", Value: float64(own.CPU) / float64(before.CPU), Goal: growthCPU})
	}
	if name, last := strings.CutSuffix(r.Name, ", last"); last && strings.Contains(name, "cursor") {
		if first := all.find(name + ", first"); first != nil {
			r.note(value{Name: "× time of the first page", Value: first.Samples["deskbridge"].Rate / own.Rate, Goal: ends})
		}
	}
	if strings.HasPrefix(r.Name, "100 requests/s") {
		r.note(value{Name: "p99", Unit: "ms", Value: float64(own.P99) / 1e6, Goal: 25})
	}
	if strings.HasPrefix(r.Name, "GET ") {
		r.note(value{Name: "p95", Unit: "ms", Value: float64(own.P95) / 1e6, Goal: pageGoal})
	}
	if strings.HasPrefix(r.Name, "members/s") {
		r.note(value{Name: "members", Unit: "/s", Value: own.Rate, Goal: 30_000, Least: true})
	}
}

func (r *row) note(v value) {
	v.OK = v.Value <= v.Goal
	if v.Least {
		v.OK = v.Value >= v.Goal
	}
	r.Checks = append(r.Checks, v)
}
