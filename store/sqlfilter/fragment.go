package sqlfilter

// Fragment is a piece of SQL with its bound parameters, for each ? one.
type Fragment struct {
	SQL  string
	Args []any
}

// Frag returns the fragment of SQL text and its parameters.
func Frag(sql string, args ...any) Fragment { return Fragment{sql, args} }

// Join returns the pieces one after the other.
func Join(pieces ...Fragment) Fragment {
	var all Fragment
	for _, p := range pieces {
		all.SQL += p.SQL
		all.Args = append(all.Args, p.Args...)
	}
	return all
}

// The conditions that need no row.
var (
	always = Frag("1 = 1")
	never  = Frag("1 = 0")
)
