package patch

import (
	"strconv"
	"strings"
	"testing"
)

func BenchmarkPatchUser(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run("operations="+strconv.Itoa(n), func(b *testing.B) {
			ops := strings.TrimSuffix(strings.Repeat(`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b@x"},`, n), ",")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := patched(b, `{"userName":"ada","emails":[{"type":"work","value":"a@x"}]}`, ops); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
