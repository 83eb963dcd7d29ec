<?php
/*
 * SimpleSAMLphp as an identity provider of one test, in PHP's own web server
 * and without a database. Everything that differs from test to test comes in
 * the environment: TEST_URL is where browsers find it, TEST_DIR holds its data.
 */

$home = getenv('TEST_DIR');

// Whom it trusts: the metadata of service providers, as they publish it. PHP
// looks at each request, so that a test can add one at any time.
$partners = array_map(
    fn (string $file): array => ['type' => 'xml', 'file' => $file],
    glob("$home/partners/*.xml")
);

$config = [
    'baseurlpath' => getenv('TEST_URL') . '/',
    'secretsalt' => getenv('TEST_SECRET'),
    'auth.adminpassword' => getenv('TEST_SECRET'),
    'timezone' => 'UTC',
    'technicalcontact_email' => 'idp@corp.example',

    'certdir' => "$home/cert/",
    'datadir' => "$home/data/",
    'tempdir' => "$home/tmp",
    'metadatadir' => "$home/metadata",
    'metadata.sources' => array_merge([['type' => 'flatfile']], $partners),

    'logging.handler' => 'stderr',
    'logging.level' => 5,
    'showerrors' => true,

    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],

    // Cookies of its own names: browsers do not tell ports apart.
    'store.type' => 'phpsession',
    'session.cookie.name' => 'simplesamlphp',
    'session.cookie.secure' => false,
    'session.cookie.samesite' => 'Lax',
    'session.phpsession.cookiename' => 'simplesamlphp_session',
    'session.phpsession.savepath' => "$home/sessions",
    'session.authtoken.cookiename' => 'simplesamlphp_token',

    'language.available' => ['en'],
    'language.default' => 'en',
];
