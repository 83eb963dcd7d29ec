// Package spelling finds the word that somebody may have meant.
package spelling

import "strings"

// Closest returns the one of known that word is a misspelling of, whatever its
// letter case; "" when none is near. The first of several that are as near
// wins. It takes O(len(known) × letters²) time.
func Closest(word string, known []string) string {
	word = strings.ToLower(word)
	letters := []rune(word)
	best, at := "", min(2, (len(letters)+1)/2)+1 // of a short word more than half stays
	for _, k := range known {
		folded := strings.ToLower(k)
		if d := len(letters) - len([]rune(folded)); folded == word || d >= at || -d >= at {
			continue
		}
		if d := Distance(word, folded); d < at {
			best, at = k, d
		}
	}
	return best
}

// Distance returns how many letters must be put in, taken out, changed, or
// swapped with the next one, to make b of a.
func Distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	var before []int // the row before the last
	last := make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := range from {
		row := make([]int, len(to)+1)
		row[0] = i + 1
		for j := range to {
			change := last[j]
			if from[i] != to[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(to)]
}
