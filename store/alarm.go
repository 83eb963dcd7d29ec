package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/plan"
)

const alarmTargetTable = "alarm_targets"

type alarmTargetRow struct {
	ID        string `gorm:"primaryKey"`
	Name      string
	Kind      string
	Address   string
	Secret    string
	CreatedBy string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (alarmTargetRow) TableName() string { return alarmTargetTable }

func (k *keyring) alarmTarget(row alarmTargetRow) (t alarm.Target, err error) {
	t = alarm.Target{ID: alarm.TargetID(row.ID), Name: row.Name, Kind: alarm.Kind(row.Kind), CreatedBy: row.CreatedBy, CreatedAt: toTime(row.CreatedAt)}
	if t.Address, err = k.open(row.Address, alarmTargetTable, row.ID); err != nil || row.Secret == "" {
		return t, err
	}
	t.Secret, err = k.open(row.Secret, alarmTargetTable, row.ID)
	return t, err
}

// LockAlarms implements [alarm.Store].
func (s *Store) LockAlarms(ctx context.Context) error { return s.advisoryLock(ctx, lockAlarms, false) }

// AlarmTargets implements [alarm.Store].
func (s *Store) AlarmTargets(ctx context.Context) ([]alarm.Target, error) {
	var rows []alarmTargetRow
	if err := s.read(ctx).Order("name").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, s.keys.alarmTarget)
}

// InsertAlarmTarget implements [alarm.Store].
func (s *Store) InsertAlarmTarget(ctx context.Context, t alarm.Target) (err error) {
	row := alarmTargetRow{ID: string(t.ID), Name: t.Name, Kind: string(t.Kind), CreatedBy: t.CreatedBy, CreatedAt: fromTime(t.CreatedAt)}
	if row.Address, err = s.keys.seal(t.Address, alarmTargetTable, row.ID); err != nil {
		return err
	}
	if t.Secret != "" {
		if row.Secret, err = s.keys.seal(t.Secret, alarmTargetTable, row.ID); err != nil {
			return err
		}
	}
	return translate(s.write(ctx).Create(&row).Error, "target")
}

// DeleteAlarmTarget implements [alarm.Store].
func (s *Store) DeleteAlarmTarget(ctx context.Context, id alarm.TargetID) error {
	return missing(s.write(ctx).Where("id = ?", string(id)).Delete(&alarmTargetRow{}), "target")
}

type alarmRow struct {
	ID         string `gorm:"primaryKey"`
	Code       string
	Connection string
	Desk       string
	Text       string
	Remedy     string
	Count      int
	SeenAt     int64
	ToldAt     *int64
	GoneAt     *int64
}

func (alarmRow) TableName() string { return "alarms" }

// Alarms implements [alarm.Store].
func (s *Store) Alarms(ctx context.Context) ([]alarm.Alarm, error) {
	var rows []alarmRow
	if err := s.read(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, func(row alarmRow) (alarm.Alarm, error) {
		return alarm.Alarm{Key: row.ID, Code: plan.FindingCode(row.Code), Connection: row.Connection, Desk: row.Desk, Text: row.Text, Do: row.Remedy, Count: row.Count,
			SeenAt: toTime(row.SeenAt), ToldAt: toTimePtr(row.ToldAt), GoneAt: toTimePtr(row.GoneAt)}, nil
	})
}

// SaveAlarms implements [alarm.Store].
func (s *Store) SaveAlarms(ctx context.Context, alarms []alarm.Alarm) error {
	rows, err := convert(alarms, func(a alarm.Alarm) (alarmRow, error) {
		return alarmRow{ID: a.Key, Code: string(a.Code), Connection: a.Connection, Desk: a.Desk, Text: written(a.Text), Remedy: written(a.Do), Count: a.Count,
			SeenAt: fromTime(a.SeenAt), ToldAt: fromTimePtr(a.ToldAt), GoneAt: fromTimePtr(a.GoneAt)}, nil
	})
	if err != nil {
		return err
	}
	return insert(ctx, s, "alarm", rows, true)
}

// DeleteAlarms implements [alarm.Store].
func (s *Store) DeleteAlarms(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return s.write(ctx).Where("id IN ?", keys).Delete(&alarmRow{}).Error
}

type deliveryRow struct {
	ID       string `gorm:"primaryKey"`
	TargetID string
	Alarm    string
	Event    string
	Code     string
	Text     string
	Body     string
	At       int64
	State    string
	Tries    int
	NextAt   *int64
	Answer   string
	EndedAt  *int64
}

func (deliveryRow) TableName() string { return "alarm_deliveries" }

func newDeliveryRow(d alarm.Delivery) (deliveryRow, error) {
	return deliveryRow{ID: string(d.ID), TargetID: string(d.Target), Alarm: written(d.Alarm), Event: string(d.Event), Code: string(d.Code), Text: written(d.Text), Body: d.Body, At: fromTime(d.At),
		State: string(d.State), Tries: d.Tries, NextAt: fromTimePtr(d.NextAt), Answer: written(d.Answer), EndedAt: fromTimePtr(d.EndedAt)}, nil
}

func (row deliveryRow) delivery() (alarm.Delivery, error) {
	return alarm.Delivery{ID: alarm.DeliveryID(row.ID), Target: alarm.TargetID(row.TargetID), Alarm: row.Alarm, Event: alarm.Event(row.Event), Code: plan.FindingCode(row.Code), Text: row.Text,
		Body: row.Body, At: toTime(row.At), State: alarm.State(row.State), Tries: row.Tries, NextAt: toTimePtr(row.NextAt), Answer: row.Answer, EndedAt: toTimePtr(row.EndedAt)}, nil
}

// Delivery implements [alarm.Store].
func (s *Store) Delivery(ctx context.Context, id alarm.DeliveryID) (alarm.Delivery, error) {
	var row deliveryRow
	if err := s.read(ctx).Where("id = ?", string(id)).Take(&row).Error; err != nil {
		return alarm.Delivery{}, translate(err, "delivery")
	}
	return row.delivery()
}

// Deliveries implements [alarm.Store].
func (s *Store) Deliveries(ctx context.Context, of alarm.TargetID, limit int) ([]alarm.Delivery, error) {
	db := s.read(ctx).Order("id DESC").Limit(limit)
	if of != "" {
		db = db.Where("target_id = ?", string(of))
	}
	var rows []deliveryRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, deliveryRow.delivery)
}

// DueDeliveries implements [alarm.Store].
func (s *Store) DueDeliveries(ctx context.Context, at time.Time, limit int) ([]alarm.Delivery, error) {
	var rows []deliveryRow
	if err := s.read(ctx).Where("next_at <= ?", fromTime(at)).Order("next_at, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, deliveryRow.delivery)
}

// InsertDeliveries implements [alarm.Store].
func (s *Store) InsertDeliveries(ctx context.Context, deliveries []alarm.Delivery) error {
	rows, err := convert(deliveries, newDeliveryRow)
	if err != nil {
		return err
	}
	return insert(ctx, s, "delivery", rows, false)
}

// SaveDelivery implements [alarm.Store].
func (s *Store) SaveDelivery(ctx context.Context, d alarm.Delivery) error {
	return saveDelivery(s.write(ctx), d)
}

// SaveTry implements [alarm.Store].
func (s *Store) SaveTry(ctx context.Context, d alarm.Delivery) error {
	return saveDelivery(s.write(ctx).Where("state = ?", string(alarm.Waiting)), d)
}

// DropRaised implements [alarm.Store].
func (s *Store) DropRaised(ctx context.Context, alarms []string, at time.Time) error {
	if len(alarms) == 0 {
		return nil
	}
	return s.write(ctx).Model(&deliveryRow{}).Where("alarm IN ? AND event = ? AND next_at IS NOT NULL", alarms, string(alarm.Raised)).
		UpdateColumns(map[string]any{"state": string(alarm.Dropped), "next_at": nil, "ended_at": fromTime(at)}).Error
}

func saveDelivery(db *gorm.DB, d alarm.Delivery) error {
	row, err := newDeliveryRow(d)
	if err != nil {
		return err
	}
	return missing(db.Model(&deliveryRow{}).Where("id = ?", row.ID).
		UpdateColumns(map[string]any{"state": row.State, "tries": row.Tries, "next_at": row.NextAt, "answer": row.Answer, "ended_at": row.EndedAt}), "delivery")
}

// PruneDeliveries implements [alarm.Store].
func (s *Store) PruneDeliveries(ctx context.Context, before time.Time) error {
	return s.write(ctx).Where("ended_at < ?", fromTime(before)).Delete(&deliveryRow{}).Error
}
