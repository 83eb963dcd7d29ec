package scim

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParameters(t *testing.T) {
	for raw, want := range map[string]url.Values{
		"":                                 {},
		"&&=&x":                            {},
		"filter=userName+eq+%22a%20b%22":   {"filter": {`userName eq "a b"`}},
		"filter=a%20eq%20%22a+b%22":        {"filter": {`a eq "a+b"`}},
		`filter=a%20eq%20"a\"+b%5C%22+"`:   {"filter": {`a eq "a\"+b\"+"`}},
		"filter=a+eq+%22a+b%5c%22%20%22":   {"filter": {`a eq "a b\" "`}},
		"attributes=a,+b%20":               {"attributes": {"a, b "}},
		"filter=a;b&count=2":               {"filter": {"a;b"}, "count": {"2"}},
		"aadOptscim062020&startIndex=1":    {"startIndex": {"1"}},
		"STARTINDEX=1&sortby=x&Count=3":    {"startIndex": {"1"}, "sortBy": {"x"}, "count": {"3"}},
		"%zz=1&other=%zz&attributes=a,b=c": {"attributes": {"a,b=c"}},
		"filter":                           {"filter": {""}},
		"filter=a&filter=b":                {"filter": {"a", "b"}},
	} {
		got, err := parameters(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
	if got, err := parameters("filter=%zz"); err == nil {
		t.Errorf("got %v", got)
	}
}

func TestLimitsHaveTheirDocumentedDefaults(t *testing.T) {
	want := Limits{MaxBody: 8 << 20, MaxBulkBody: 1 << 20, MaxOperations: 1000, MaxMembersPerRequest: 20_000, MaxFilterLength: 4096, MaxFilterDepth: 32,
		MaxFilterTerms: 50, MaxResults: 1000, PageBytes: 8 << 20, CursorTimeout: 24 * time.Hour, QueryTime: 2 * time.Second, RequestsAtOnce: 16, SearchesAtOnce: 2,
		Memory: 128 << 20, Wait: 10 * time.Second, RatePerSecond: 200, Burst: 1000}
	if diff := cmp.Diff(want, Limits{}.withDefaults()); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	own := Limits{MaxBody: 1, MaxBulkBody: 9, MaxOperations: 2, MaxMembersPerRequest: 3, MaxFilterLength: 4, MaxFilterDepth: 5, MaxResults: 6, CursorTimeout: 7, RatePerSecond: -1, Burst: 8,
		MaxFilterTerms: 10, PageBytes: 11, QueryTime: 12, RequestsAtOnce: 13, SearchesAtOnce: 14, Memory: 15, Wait: 16}
	if diff := cmp.Diff(own, own.withDefaults()); diff != "" {
		t.Errorf("own limits (-want +got):\n%s", diff)
	}
}
