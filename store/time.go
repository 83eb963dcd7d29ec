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

// fromTimeOrZero is fromTimePtr for a time that is zero when there is none.
func fromTimeOrZero(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(t.UnixMicro())
}

func toTimeOrZero(micros *int64) time.Time {
	if micros == nil {
		return time.Time{}
	}
	return toTime(*micros)
}
