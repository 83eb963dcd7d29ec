package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

func userName(n int) string { return fmt.Sprintf("user-%07d@bench.example", n) }
func externalID(n int) string {
	if n%2 == 0 {
		return fmt.Sprintf("00u%07dOkTaAbCd", n)
	}
	return fmt.Sprintf("6ba7b810-9dad-11d1-80b4-00c04f%07d", n)
}

// document is a person as Okta and Entra ID send them, in turn, with every
// attribute that they map by default (docs/idps): 600 to 850 bytes.
func document(n int, title string) string {
	if n%2 == 0 {
		return fmt.Sprintf(`{"schemas":[%q,%q],"userName":%q,"externalId":%q,"name":{"givenName":"Person","middleName":"van","familyName":"Number %d",`+
			`"honorificPrefix":"Dr.","formatted":"Person van Number %d"},"displayName":"Person %d","nickName":"Nr %d","profileUrl":"https://people.bench.example/%d",`+
			`"emails":[{"value":%q,"type":"work","primary":true},{"value":"home-%d@home.bench.example","type":"home","primary":false}],`+
			`"phoneNumbers":[{"value":"+47 555 %07d","type":"work","primary":true}],"title":%q,"locale":"en-US","preferredLanguage":"en-US","timezone":"Europe/Oslo","userType":"Employee",`+
			`"active":true,%q:{"employeeNumber":"%d","costCenter":"4130","organization":"Bench","division":"Service","department":"Department %d"}}`,
			userURN, enterpriseURN, userName(n), externalID(n), n, n, n, n, n, userName(n), n, n, title, enterpriseURN, n, n%40)
	}
	return fmt.Sprintf(`{"schemas":[%q,%q],"externalId":%q,"userName":%q,"active":true,"displayName":"Person %d",`+
		`"emails":[{"primary":true,"type":"work","value":%q}],"name":{"formatted":"Person Number %d","familyName":"Number %d","givenName":"Person"},`+
		`"phoneNumbers":[{"type":"work","value":"+47 555 %07d"},{"type":"mobile","value":"+47 999 %07d"}],"preferredLanguage":"en-US","title":%q,`+
		`"addresses":[{"type":"work","formatted":"Bench Street %d","streetAddress":"Bench Street %d","locality":"Oslo","postalCode":"0150","country":"NO"}],`+
		`%q:{"employeeNumber":"%d","department":"Department %d"}}`,
		userURN, enterpriseURN, externalID(n), userName(n), n, userName(n), n, n, n, n, title, n, n, enterpriseURN, n, n%40)
}

// populate makes people until there are n, over several connections.
func (b *bench) populate(ctx context.Context, t *target, n int) (sample, error) {
	from := len(t.people)
	return b.create(ctx, t, n-from, time.Hour)
}

// create makes up to most people (0: no limit) for length.
func (b *bench) create(ctx context.Context, t *target, most int, length time.Duration) (sample, error) {
	from := int(t.created.Load())
	ids := make([][]string, conns)
	numbers := make([][]int, conns)
	began := time.Now()
	s, err := b.drive(ctx, t, conns, func(c *client, worker int) ([]time.Duration, error) {
		var took []time.Duration
		for ctx.Err() == nil && time.Since(began) < length {
			n := int(t.created.Add(1)) - 1
			if most > 0 && n >= from+most {
				t.created.Add(-1)
				break
			}
			body := document(n, "Engineer")
			start := time.Now()
			answer, err := c.do(t.base, request{"POST", "/Users", body, 201})
			if err != nil {
				return nil, err
			}
			took = append(took, time.Since(start))
			id, err := idIn(answer)
			if err != nil {
				return nil, err
			}
			ids[worker], numbers[worker] = append(ids[worker], id), append(numbers[worker], n)
		}
		return took, ctx.Err()
	})
	if err != nil {
		return s, err
	}
	t.people = append(t.people, make([]string, int(t.created.Load())-len(t.people))...)
	for w := range ids {
		for i, n := range numbers[w] {
			t.people[n] = ids[w][i]
		}
	}
	return s, nil
}

// idIn returns the id in an answer.
func idIn(answer []byte) (string, error) { return stringIn(answer, "id") }

// stringIn returns the first string in an answer that is called name. No text
// in the answers that it is used for holds a quote.
func stringIn(answer []byte, name string) (string, error) {
	_, rest, ok := bytes.Cut(answer, []byte(`"`+name+`":"`))
	value, _, closed := bytes.Cut(rest, []byte(`"`))
	if !ok || !closed {
		return "", errors.New("an answer without " + name)
	}
	return string(value), nil
}

// operation is one kind of request that is measured.
type operation struct {
	name string
	make func(b *bench, t *target) maker
}

// spread picks the n-th person of a worker. Workers share nobody.
func spread(t *target, worker, n int) int {
	per := len(t.people) / conns
	return worker*per + n*7919%per // a prime: neighbours in time are none in the table
}

func reading(path func(t *target, person int) string) func(b *bench, t *target) maker {
	return func(_ *bench, t *target) maker {
		return func(worker, n int) request { return request{"GET", path(t, spread(t, worker, n)), "", 200} }
	}
}

func filtering(filter func(person int) string) func(b *bench, t *target) maker {
	return reading(func(_ *target, person int) string { return "/Users?filter=" + url.QueryEscape(filter(person)) })
}

// patching sends operations that change something each time.
func patching(operations func(sequence int) string) func(b *bench, t *target) maker {
	return func(b *bench, t *target) maker {
		b.sequence++
		first := int(b.sequence) * 1_000_000
		return func(worker, n int) request {
			body := `{"schemas":["` + patchURN + `"],"Operations":[` + operations(first+n) + `]}`
			return request{"PATCH", "/Users/" + t.people[spread(t, worker, n/2)], body, 200}
		}
	}
}

var operations = []operation{
	{"get by id", reading(func(t *target, person int) string { return "/Users/" + t.people[person] })},
	{"filter userName eq", filtering(func(n int) string { return `userName eq "` + userName(n) + `"` })},
	{"filter externalId eq", filtering(func(n int) string { return `externalId eq "` + externalID(n) + `"` })},
	{"filter e-mail eq", filtering(func(n int) string { return `emails.value eq "` + userName(n) + `"` })},
	{"page of 100, first", reading(func(*target, int) string { return "/Users?startIndex=1&count=100" })},
	{"PUT user", func(b *bench, t *target) maker {
		b.sequence++
		first := int(b.sequence) * 1_000_000
		return func(worker, n int) request {
			person := spread(t, worker, n)
			return request{"PUT", "/Users/" + t.people[person], document(person, "Engineer "+strconv.Itoa(first+n)), 200}
		}
	}},
	{"PATCH active", patching(func(sequence int) string {
		return `{"op":"replace","path":"active","value":` + strconv.FormatBool(sequence%2 == 1) + `}`
	})},
	{"PATCH 3 attributes", patching(func(sequence int) string {
		n := strconv.Itoa(sequence)
		return strings.Join([]string{
			`{"op":"replace","path":"title","value":"Engineer ` + n + `"}`,
			`{"op":"replace","path":"name.familyName","value":"Number ` + n + `"}`,
			`{"op":"replace","path":"` + enterpriseURN + `:department","value":"Department ` + n + `"}`,
		}, ",")
	})},
}
