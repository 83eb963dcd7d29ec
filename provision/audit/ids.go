package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// IDs is a set of ids: ranges in order that neither overlap nor touch.
type IDs []IDRange

// IDRange is the ids from First to Last.
type IDRange struct{ First, Last int64 }

// String returns the set as it is stored: 5-9,12.
func (s IDs) String() string {
	var out strings.Builder
	for i, r := range s {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(strconv.FormatInt(r.First, 10))
		if r.Last > r.First {
			out.WriteByte('-')
			out.WriteString(strconv.FormatInt(r.Last, 10))
		}
	}
	return out.String()
}

// ParseIDs reads what [IDs.String] wrote.
func ParseIDs(text string) (IDs, error) {
	var s IDs
	if text == "" {
		return s, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		first, err := strconv.ParseInt(from, 10, 64)
		last, broken := strconv.ParseInt(to, 10, 64)
		if err != nil || broken != nil || last < first || len(s) > 0 && first <= s[len(s)-1].Last {
			return nil, fmt.Errorf("audit: %q is no list of ids", text)
		}
		s = append(s, IDRange{first, last})
	}
	return s, nil
}

// Has reports whether id is one of s.
func (s IDs) Has(id int64) bool {
	_, found := slices.BinarySearchFunc(s, id, func(r IDRange, id int64) int {
		switch {
		case r.Last < id:
			return -1
		case r.First > id:
			return 1
		}
		return 0
	})
	return found
}

// add returns s with the ids from first to last, which lie above all of s.
func (s IDs) add(first, last int64) IDs {
	switch n := len(s); {
	case last < first:
	case n > 0 && s[n-1].Last == first-1:
		s[n-1].Last = last
	default:
		s = append(s, IDRange{first, last})
	}
	return s
}

// without returns s without those of out, which are in order.
func (s IDs) without(out []int64) IDs {
	var left IDs
	for _, r := range s {
		first := r.First
		for len(out) > 0 && out[0] <= r.Last {
			left = left.add(first, out[0]-1)
			first, out = max(first, out[0]+1), out[1:]
		}
		left = left.add(first, r.Last)
	}
	return left
}

// gaps returns the ids from first to last that no line has.
func gaps(first, last int64, lines []Line) (missing IDs) {
	for _, l := range lines {
		missing = missing.add(first, l.ID-1)
		first = l.ID + 1
	}
	return missing.add(first, last)
}
