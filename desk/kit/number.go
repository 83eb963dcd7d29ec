package kit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// number is the form of an id in a row of numbers.
var number = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

// IsNumber reports whether an id is a positive number, without zeros in front,
// that an int64 holds. Where a desk's ids are numbers, no other text may get
// into a path or a query.
func IsNumber[T ~string](id T) bool { return number.MatchString(string(id)) }

// ByNumber orders ids for which [IsNumber] holds.
func ByNumber[T ~string](a, b T) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(string(a), string(b)))
}

// NumberAt returns the id at the end of an address, as in a Location header;
// "" when there is no number.
func NumberAt(location string) string {
	if id := location[strings.LastIndexByte(location, '/')+1:]; IsNumber(id) {
		return id
	}
	return ""
}

// Scalar is what a desk writes as a string in one place and as a number in another: ids, flags,
// counts, of which one may be 0.0. null is "".
type Scalar string

// UnmarshalJSON accepts a string, a number or null.
func (s *Scalar) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*s = ""
		return nil
	case data[0] == '"':
		var text string
		err := json.Unmarshal(data, &text)
		*s = Scalar(text)
		return err
	case data[0] == '{' || data[0] == '[' || data[0] == 't' || data[0] == 'f':
		return fmt.Errorf("a string or a number was expected")
	}
	*s = Scalar(strings.TrimSuffix(string(data), ".0"))
	return nil
}

// Number returns the whole number that it is; -1 where it is none.
func (s Scalar) Number() int64 {
	n, err := strconv.ParseInt(string(s), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
