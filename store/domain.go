package store

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
)

type domainClaimRow struct {
	ConnectionID string `gorm:"primaryKey"`
	Domain       string `gorm:"primaryKey"`
	Token        string
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
}

func (domainClaimRow) TableName() string { return "domain_claims" }

func (row domainClaimRow) claim() (settings.DomainClaim, error) {
	return settings.DomainClaim{Connection: provision.ConnectionID(row.ConnectionID), Domain: row.Domain, Token: row.Token,
		CreatedAt: toTime(row.CreatedAt)}, nil
}

// DomainClaims implements [settings.Store].
func (s *Store) DomainClaims(ctx context.Context, c provision.ConnectionID) ([]settings.DomainClaim, error) {
	query := s.read(ctx).Order("domain, connection_id")
	if c != "" {
		query = query.Where("connection_id = ?", string(c))
	}
	var rows []domainClaimRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, domainClaimRow.claim)
}

// SaveDomainClaim implements [settings.Store].
func (s *Store) SaveDomainClaim(ctx context.Context, d settings.DomainClaim) error {
	row := domainClaimRow{ConnectionID: string(d.Connection), Domain: d.Domain, Token: d.Token, CreatedAt: fromTime(d.CreatedAt)}
	return translate(s.write(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error, "domain")
}

// DeleteDomainClaim implements [settings.Store].
func (s *Store) DeleteDomainClaim(ctx context.Context, c provision.ConnectionID, domain string) error {
	return s.write(ctx).Where("connection_id = ? AND domain = ?", string(c), domain).Delete(&domainClaimRow{}).Error
}
