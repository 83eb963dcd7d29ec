package output

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// JSON prints v for programs, indented.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // what cannot be seen, [Visible] escapes
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// Table prints rows under a header, in columns. Cells may hold anything.
func Table(w io.Writer, header string, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, strings.ReplaceAll(header, " | ", "\t"))
	for _, r := range rows {
		fmt.Fprintln(tw, strings.Join(PlainAll(r), "\t"))
	}
	return tw.Flush()
}

// List joins names for people; a dash when there are none.
func List(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}
