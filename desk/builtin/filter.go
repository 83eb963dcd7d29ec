package builtin

import (
	"fmt"
	"math"
	"strings"
)

// maxNumber is the largest id that a database can hold.
const maxNumber = math.MaxInt64

// filter collects conditions that must all hold. $1 is always the desk, so
// that arguments begin with $2.
type filter struct {
	clauses []string
	args    []any
}

// add adds a condition; %s in it stands for value.
func (f *filter) add(clause string, value any) {
	f.args = append(f.args, value)
	f.clauses = append(f.clauses, fmt.Sprintf(clause, fmt.Sprintf("$%d", len(f.args)+1)))
}

func (f *filter) where() string { return strings.Join(f.clauses, ` AND `) }
