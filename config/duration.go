package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads a time as people write it: that of [time.ParseDuration],
// with days before it, of 24 hours: 90d, 1d12h, 5m. A number without a unit is
// an error that says so.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if _, err := strconv.ParseFloat(text, 64); err == nil && text != "0" {
		return 0, fmt.Errorf("%s has no unit; write %ss, %sm, %sh or %sd", text, text, text, text, text)
	}
	front, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, errNoDuration(text)
		}
		return d, nil
	}
	days, err := strconv.ParseUint(front, 10, 32)
	if err != nil {
		return 0, errNoDuration(text)
	}
	var more time.Duration
	if rest != "" {
		if more, err = time.ParseDuration(rest); err != nil || more < 0 || rest[0] == '+' {
			return 0, errNoDuration(text)
		}
	}
	if days > uint64((math.MaxInt64-more)/day) {
		return 0, errors.New(text + " is too long")
	}
	return time.Duration(days)*day + more, nil
}

func errNoDuration(text string) error {
	return fmt.Errorf("%q is no time; write it like 90s, 5m, 2h or 90d", text)
}

// FormatDuration writes a time so that [ParseDuration] reads it: whole days and
// hours as such.
func FormatDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d >= 2*day && d%day == 0:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0 && d < time.Hour:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return d.String()
}

// Duration is a flag of the command line that [ParseDuration] reads.
type Duration time.Duration

// Set is part of a flag's value.
func (d *Duration) Set(text string) error {
	parsed, err := ParseDuration(text)
	if err == nil {
		*d = Duration(parsed)
	}
	return err
}

// String is part of a flag's value.
func (d *Duration) String() string { return FormatDuration(time.Duration(*d)) }

// Type is part of a flag's value.
func (d *Duration) Type() string { return "duration" }
