package store

import "time"

// fromTime returns t as it is stored.
func fromTime(t time.Time) int64 { return t.UnixMicro() }

// toTime returns a stored time.
func toTime(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func fromTimePtr(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	return new(t.UnixMicro())
}

func toTimePtr(micros *int64) *time.Time {
	if micros == nil {
		return nil
	}
	return new(toTime(*micros))
}
