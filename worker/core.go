package worker

import (
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/byhand"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/entitlement"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Core is what a worker asks of the core, and no more.
type Core struct {
	Audit       *audit.Service
	Entitlement *entitlement.Service
	Reconcile   *reconcile.Service
	DeskHealth  *deskhealth.Service
	Settings    *settings.Service
	ByHand      *byhand.Service   // nil: nobody says what was done by hand
	Seats       *seat.Service     // nil: nobody keeps seats
	Adoption    *adoption.Service // nil: lists of users are not kept
}
