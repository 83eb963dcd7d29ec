package sso_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// attackIDs are the cases that must be played, by what they are about. Those
// with a letter behind them, and some more, come beside them.
var attackIDs = []struct {
	title string
	ids   string // blanks between; AB01-03 stands for AB01 AB02 AB03
}{
	{"SAML: what must work", "SC01 SC02 SC99 SI00-18 SL01"},
	{"SAML: signatures", "SS01-31"},
	{"SAML: signature wrapping and encryption", "SX01-20"},
	{"SAML: the XML parser", "SP01-20"},
	{"SAML: conditions", "SV01-29"},
	{"SAML: the flow between browser, identity provider and us", "SF01-11 SF15 SR01-06 SR11-15 SR21-22"},
	{"SAML: signing out", "SL02-05"},
	{"SAML: accounts and neighbouring identity providers", "SJ01-03 SJ10-12 SJ20 SD01-02"},
	{"SAML: addresses of metadata", "SM01-09"},
	{"SAML: sessions", "SH01-04"},
	{"OpenID Connect: what must work", "OC01-02 OC99 OI01-10 OB01"},
	{"OpenID Connect: state and code", "OS01-13 OA06"},
	{"OpenID Connect: tokens", "OT01-34"},
	{"OpenID Connect: tokens that two readers could take for two things", ""},
	{"OpenID Connect: accounts and neighbouring identity providers", "OA01-05 OA10-12 OA20 OD01-02"},
	{"OpenID Connect: robustness", "OR01-03 OR11-15"},
	{"OpenID Connect: signing out", "OB02-12"},
	{"OpenID Connect: addresses of issuers", "OX01-09"},
	{"OpenID Connect: sessions", "OH01-04"},
	{"What waits at the browser, sealed", "ST01-06"},
}

// sectionOf maps the letters of an ID, of which some belong to two sections, to
// the position in attackIDs.
func sectionOf(id string) int {
	base := strings.TrimRight(id, "abcdefgh")
	for i, s := range attackIDs {
		if slices.Contains(expand(s.ids), base) {
			return i
		}
	}
	return map[string]int{"SC": 0, "SI": 0, "SS": 1, "SX": 2, "SP": 3, "SV": 4, "SF": 5, "SR": 5, "SL": 6, "SJ": 7, "SD": 7, "SM": 8, "SH": 9,
		"OC": 10, "OI": 10, "OS": 11, "OT": 12, "OY": 13, "OA": 14, "OD": 14, "OR": 15, "OB": 16, "OX": 17, "OH": 18}[id[:2]]
}

// expand writes out a list of IDs.
func expand(list string) (ids []string) {
	for _, field := range strings.Fields(list) {
		from, to, several := strings.Cut(field, "-")
		if !several {
			ids = append(ids, field)
			continue
		}
		first, err := strconv.Atoi(from[2:])
		last, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil {
			panic("no list of IDs: " + field)
		}
		for n := first; n <= last; n++ {
			ids = append(ids, fmt.Sprintf("%s%02d", from[:2], n))
		}
	}
	return ids
}
