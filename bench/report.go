package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what a run came to.
type report struct {
	Machine string   `json:"machine"`
	When    string   `json:"when"`
	Took    string   `json:"took"`
	Quick   bool     `json:"quick"` // not for publishing
	Rows    []*row   `json:"rows"`
	Values  []value  `json:"values"`
	Notes   []string `json:"notes,omitempty"`
}

// row is one operation at one size.
type row struct {
	Name    string            `json:"name"`
	Size    int               `json:"size"` // people or members there were
	Samples map[string]sample `json:"samples"`
	Checks  []value           `json:"checks"`
}

// value is a figure with its goal. A goal that begins with a letter says what
// the figure is divided by.
type value struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Goal  float64 `json:"goal,omitempty"`
	Least bool    `json:"at_least"` // the goal is a lower bound
	OK    bool    `json:"ok"`
}

// describe notes what the run was made on.
func (r *report) describe(ctx context.Context, b *bench) {
	var version string
	_ = b.database.query(ctx, `SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) || ', fsync ' || current_setting('fsync')`, &version)
	r.Machine = fmt.Sprintf("%d × %s, %s, %s, shared by client, servers and database; %d connections over loopback", runtime.NumCPU(), processor(), runtime.Version(), version, conns)
	r.When, r.Quick = time.Now().UTC().Format(time.DateOnly), b.quick
}

// processor returns the name of the processor.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			return strings.TrimLeft(name, "\t :")
		}
	}
	return runtime.GOARCH
}

// add notes an operation and judges it.
func (r *report) add(name string, size int, samples map[string]sample) {
	added := &row{Name: name, Size: size, Samples: samples}
	r.Rows = append(r.Rows, added)
	added.judge(r)
}

// find returns the row of an operation at the smallest size.
func (r *report) find(name string) *row {
	for _, row := range r.Rows {
		if row.Name == name {
			return row
		}
	}
	return nil
}

// value notes a figure that must not exceed its goal; 0 is none.
func (r *report) value(name, unit string, v, goal float64) {
	r.Values = append(r.Values, value{Name: name, Unit: unit, Value: v, Goal: goal, OK: goal == 0 || v <= goal})
}

// ratio notes a ratio that must reach its goal.
func (r *report) ratio(name string, v, goal float64) {
	r.Values = append(r.Values, value{Name: name, Value: v, Goal: goal, Least: true, OK: v >= goal})
}

func (r *report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// print writes the report for people: two tables, one of operations and one of
// everything else.
func (r *report) print(w io.Writer, goals bool) {
	if !goals {
		return
	}
	fmt.Fprintf(w, "\n%s, %s. Took %s.\n", r.When, r.Machine, r.Took)
	if r.Quick {
		fmt.Fprintln(w, "A quick run: smaller, shorter, and good for a first look only.")
	}
	fmt.Fprintln(w, "Requests a second, and CPU µs a request of server and database together.")
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "OPERATION\tAT\tBARE\tLEAN\tDESKBRIDGE\tGOALS")
	for _, row := range r.Rows {
		var checks []string
		for _, c := range row.Checks {
			checks = append(checks, c.String())
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\n", row.Name, row.Size, row.cell("bare"), row.cell("lean"), row.cell("deskbridge"), strings.Join(checks, " · "))
	}
	fmt.Fprintln(t)
	for _, v := range r.Values {
		fmt.Fprintf(t, "%s\t\t\t\t%s\n", v.Name, v.figure())
	}
	_ = t.Flush() // to a terminal or a file that is looked at at once
	for _, note := range r.Notes {
		fmt.Fprintln(w, note)
	}
}

func (r *row) cell(name string) string {
	s, ok := r.Samples[name]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.0f/s %.0f µs", s.Rate, float64(s.CPU)/float64(time.Microsecond))
}

// String is for the column of goals: "0.98 × lean ✓ (≥ 0.8)".
func (v value) String() string {
	return fmt.Sprintf("%s %s", v.figure(), v.Name)
}

func (v value) figure() string {
	figure := fmt.Sprintf("%.2f%s", v.Value, v.Unit)
	if v.Unit != "" && v.Unit != "×" {
		figure = fmt.Sprintf("%.4g %s", v.Value, v.Unit)
	}
	if v.Goal == 0 {
		return figure
	}
	mark, sign := "✗", "≤"
	if v.OK {
		mark = "✓"
	}
	if v.Least {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s %s%g", figure, mark, sign, v.Goal)
}

// number writes a number of people with a comma: 1,000.
func number(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", number(n/1000), n%1000)
}
