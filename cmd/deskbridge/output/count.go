package output

import "fmt"

// Count says how many of something there are: "1 account", "2 accounts".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
