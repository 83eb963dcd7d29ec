package provision

import (
	"strings"
)

// Query asks for a page of identities or groups.
type Query struct {
	Where      Expr // nil: all
	SortBy     Path // nil: by id, which is by time of creation
	Descending bool
	Offset     int // rows to skip
	Limit      int // at most so many; 0: none, only the total

	// Brief leaves Profile, Emails and Attributes of people empty whose
	// Document tells them anyway: reading them takes longer than all the rest.
	Brief bool

	// Bare leaves the Document of people empty too: id, connection, userName,
	// externalId, source, status, version and times are read.
	Bare bool

	// Bytes ends a page early, with the resource with which the documents on it
	// come to so many bytes; 0: no limit.
	Bytes int
}

// Page is the answer to a [Query].
type Page[T any] struct {
	Total int // how many match in all
	Items []T
}

// Path leads into a resource: attribute, sub-attribute. The first element of a
// path into an extension is its URN. Spelling is the schema's.
//
// The store answers from columns and by index what is looked up often:
// id · userName · externalId · displayName · active · meta.created ·
// meta.lastModified · emails and emails.value · members.value and groups.value.
// Everything else it reads from the resource's document.
type Path []string

// Expr is a condition on a resource: [And], [Or], [Not], [Compare], [Element]
// or [Constant]. Every condition is true or false: comparing an absent attribute
// is false, whatever the operator, except eq null.
type Expr interface{ expr() }

// And is true when both are.
type And struct{ Left, Right Expr }

// Or is true when one is.
type Or struct{ Left, Right Expr }

// Not is true when Expr is false.
type Not struct{ Expr Expr }

// Element is true when one element of the multi-valued complex attribute at
// Path satisfies Where, whose paths are relative to the element.
type Element struct {
	Path  Path
	Where Expr
}

// Constant is true of every resource, or of none: what a filter says of the
// kind of resource and not of a single one.
type Constant bool

// Compare is true when the attribute at Path, or one of its values when it
// has many, stands in relation Op to Value.
type Compare struct {
	Path      Path
	Op        Op
	Type      ValueType
	Many      bool // the attribute, or the complex one it belongs to, is multi-valued
	CaseExact bool // for strings: letter case matters
	Value     any  // string, bool, int64, float64, time.Time by Type; nil for null; unused with OpPresent
}

// Op is a comparison as in RFC 7644 §3.4.2.2.
type Op string

// The comparisons.
const (
	OpEqual          Op = "eq"
	OpNotEqual       Op = "ne"
	OpContains       Op = "co"
	OpStartsWith     Op = "sw"
	OpEndsWith       Op = "ew"
	OpPresent        Op = "pr"
	OpGreater        Op = "gt"
	OpGreaterOrEqual Op = "ge"
	OpLess           Op = "lt"
	OpLessOrEqual    Op = "le"
)

// ValueType is the type of a compared attribute.
type ValueType string

// The types.
const (
	TypeString   ValueType = "string" // reference and binary too
	TypeBoolean  ValueType = "boolean"
	TypeInteger  ValueType = "integer"
	TypeDecimal  ValueType = "decimal"
	TypeDateTime ValueType = "dateTime"
	TypeComplex  ValueType = "complex" // OpPresent only
)

func (And) expr() {}

func (Or) expr() {}

func (Not) expr() {}

func (Element) expr() {}

func (Compare) expr() {}

func (Constant) expr() {}

// Ordered reports whether resources are sorted by the attribute at p in an index.
// By meta.lastModified they are not: an index of it would cost each change of a
// person more than the change itself.
func (p Path) Ordered() bool {
	switch strings.Join(p, ".") {
	case "id", "userName", "displayName":
		return true
	}
	return false
}

// Indexed reports whether e is answered by index and nothing else: it asks for
// one value of one attribute. Any other condition may cost a look at each
// resource.
func Indexed(e Expr) bool {
	c, ok := e.(Compare)
	if value, isText := c.Value.(string); !ok || !isText || value == "" || c.Op != OpEqual {
		return false
	}
	switch strings.Join(c.Path, ".") {
	case "id", "userName", "externalId", "displayName", "emails", "emails.value":
		return true
	}
	return false
}

// Search asks for people and groups in one list, and for what comes behind a
// known place in it.
type Search struct {
	People *Selection // nil: no people
	Groups *Selection // nil: no groups

	Sorted     bool // by the SortBy of each selection, then by id; else by id, which is by time of creation
	Descending bool
	After      *Position // only what comes behind; nil: from the start
	Offset     int       // rows to skip from there
	Limit      int       // at most so many; 0: none, only the total
	Brief      bool      // as in [Query]
	Bare       bool      // as in [Query]
	Bytes      int       // as in [Query]
}

// Selection is what a [Search] asks of one kind of resource.
type Selection struct {
	Where  Expr // nil: all
	SortBy Path // nil in a sorted search: no resource of this kind has the attribute
}

// Position is a place in the order of a [Search]. Rows before and behind it may
// come and go: it names no row that must exist.
type Position struct {
	ID  string // of the resource that stood here
	Key any    // what it was sorted by: a string or an int64, nil when it had none or the search is not sorted
}

// Found is one resource that a [Search] found; one of the two is set.
type Found struct {
	Identity *Identity
	Group    *Group
}

// Finding is the answer to a [Search].
type Finding struct {
	Total int // how many match in all, those before After too
	Items []Found
	Next  *Position // where the next page begins; nil on the last
}
