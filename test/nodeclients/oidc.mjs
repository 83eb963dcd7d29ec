// An OpenID Connect client by others: openid-client. It takes its settings as
// JSON in the first argument, prints the address to start at, reads the one that
// the browser was sent back to from a line, and prints what it learned, or the
// error.
import { createInterface } from 'node:readline/promises';
import { Issuer, generators } from 'openid-client';

const { issuer: at, redirect, scope, ...metadata } = JSON.parse(process.argv[1]);
const issuer = await Issuer.discover(at);
const client = new issuer.Client({ ...metadata, redirect_uris: [redirect], response_types: ['code'] });
const checks = { code_verifier: generators.codeVerifier(), state: generators.state(), nonce: generators.nonce() };
console.log(JSON.stringify({
	url: client.authorizationUrl({
		scope,
		state: checks.state,
		nonce: checks.nonce,
		code_challenge: generators.codeChallenge(checks.code_verifier),
		code_challenge_method: 'S256',
	}),
}));
for await (const line of createInterface({ input: process.stdin })) {
	try {
		const tokens = await client.callback(redirect, client.callbackParams(line), checks);
		console.log(JSON.stringify({
			claims: tokens.claims(),
			userinfo: await client.userinfo(tokens),
			end: client.endSessionUrl({ id_token_hint: tokens.id_token, state: 'bye' }),
		}));
	} catch (error) {
		console.log(JSON.stringify({ error: error.message }));
	}
}
