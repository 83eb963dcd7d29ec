package people

import (
	"strconv"

	"github.com/deskbridge/deskbridge/provision"
)

// ID returns the id of a user whom a desk knows by a number.
func ID(number int64) provision.DeskUserID {
	return provision.DeskUserID(strconv.FormatInt(number, 10))
}

// IDs returns the ids of some users, in the same order.
func IDs(numbers []int64) (ids []provision.DeskUserID) {
	for _, n := range numbers {
		ids = append(ids, ID(n))
	}
	return ids
}
