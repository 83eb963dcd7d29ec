package kit

import (
	"encoding/json"

	"github.com/deskbridge/deskbridge/desk"
)

// HALPage is where a page of a list is in all of it.
type HALPage struct {
	Number        int `json:"number"` // from 1
	TotalPages    int `json:"totalPages"`
	TotalElements int `json:"totalElements"`
}

// ReadHAL returns what is on page n of a list of things of some name, as APIs in HAL send
// it, and where that is. An answer that does not say which page it is, is no list: to take
// it for an empty one would mean that nobody is there.
func ReadHAL[T any](v Vendor, data []byte, name string, n int) (items []T, _ *HALPage, _ error) {
	var answer struct {
		Embedded map[string]json.RawMessage `json:"_embedded"` // without the name where there are none
		Page     *HALPage                   `json:"page"`
	}
	if err := v.Decode(data, &answer); err != nil {
		return nil, nil, err
	}
	if answer.Page == nil || answer.Page.Number != n {
		return nil, nil, desk.Errorf(desk.Retryable, "the answer is not page %d of a list, as %s sends it", n, v.API)
	}
	if raw, ok := answer.Embedded[name]; ok {
		if err := v.Decode(raw, &items); err != nil {
			return nil, nil, err
		}
	}
	return items, answer.Page, nil
}
