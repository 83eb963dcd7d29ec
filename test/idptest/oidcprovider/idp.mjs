// An OpenID provider on panva's oidc-provider, for one test. It reads what is
// its own from the environment: TEST_URL is its issuer, TEST_PEOPLE a file with
// those whom it knows, TEST_TOKEN what whoever registers a client shows.
import { randomBytes, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import Provider, { interactionPolicy } from 'oidc-provider'

const issuer = new URL(process.env.TEST_URL)
const people = JSON.parse(readFileSync(process.env.TEST_PEOPLE))

const signingKey = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  alg,
  use: 'sig',
  kid: alg + '-' + randomBytes(4).toString('hex')
})

// Whoever signs in has agreed: consent is for the provider's customers to ask
// for, and no business of a relying party.
const onlyLogin = interactionPolicy.base()
onlyLogin.remove('consent')

const provider = new Provider(issuer.href.replace(/\/$/, ''), {
  scopes: ['openid', 'profile', 'email', 'groups'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'given_name', 'family_name', 'preferred_username'],
    email: ['email', 'email_verified'],
    groups: ['groups']
  },
  conformIdTokenClaims: false, // the claims stand in the ID token, as most providers have it
  jwks: { keys: [signingKey('rsa', { modulusLength: 2048 }, 'RS256'), signingKey('ec', { namedCurve: 'P-256' }, 'ES256')] },
  cookies: {
    keys: [randomBytes(32).toString('hex')],
    // Names of its own: browsers do not tell ports apart.
    names: { session: 'op_session', interaction: 'op_interaction', resume: 'op_resume' }
  },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true, initialAccessToken: process.env.TEST_TOKEN },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = page(`<h1>Sign out?</h1>${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`)
      },
      postLogoutSuccessSource: ctx => {
        ctx.body = page('<h1>You are signed out</h1>')
      }
    }
  },
  // Its own way of fetching keeps away from loopback, where relying parties are here.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { policy: onlyLogin, url: (ctx, interaction) => `/login/${interaction.uid}` },
  findAccount: (ctx, sub) => account(sub),
  loadExistingGrant: grantAll,
  renderError: (ctx, out) => {
    ctx.type = 'html'
    ctx.body = page(`<h1>Refused: ${escape(out.error)}</h1>`)
  }
})
provider.on('server_error', (ctx, err) => console.error(err))
provider.on('backchannel.error', (ctx, err, client) => console.error('back-channel logout of', client.clientId, err))

function account (sub) {
  const person = people.find(p => p.claims.sub === sub)
  return person && { accountId: sub, claims: () => person.claims }
}

async function grantAll (ctx) {
  const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId })
  grant.addOIDCScope('openid profile email groups')
  await grant.save()
  return grant
}

const escape = text => String(text).replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`)
const page = body => `<!doctype html><meta charset="utf-8"><title>oidc-provider</title>${body}`

const form = (uid, problem) => page(`<h1>Sign in</h1><p>${problem}</p>
  <form method="post" action="/login/${uid}">
    <input type="text" name="login" autocomplete="username">
    <input type="password" name="password" autocomplete="current-password">
    <button>Sign in</button>
  </form>`)

async function read (request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

async function login (request, response, uid) {
  await provider.interactionDetails(request, response) // throws unless it is this browser's
  let problem = ''
  if (request.method === 'POST') {
    const sent = await read(request)
    const person = people.find(p => p.login === sent.get('login') && p.password === sent.get('password'))
    if (person) {
      return provider.interactionFinished(request, response, { login: { accountId: person.claims.sub } })
    }
    problem = 'Wrong name or password.'
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end(form(uid, problem))
}

const serve = provider.callback()
createServer((request, response) => {
  const [, uid] = /^\/login\/([\w-]+)$/.exec(request.url) ?? []
  if (!uid) return serve(request, response)
  login(request, response, uid).catch(err => {
    console.error(err)
    response.statusCode = 400
    response.end(page('<h1>This sign-in is over</h1>'))
  })
}).listen(Number(issuer.port), issuer.hostname)
