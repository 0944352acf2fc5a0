/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mbed TLS as depotlink needs it: a TLS 1.2/1.3 client that verifies certificates, and AES-256-GCM
 * with HKDF for the queue on disk. Everything that is not listed is off: server code, DTLS,
 * renegotiation, CBC suites, static RSA and finite-field key exchange, writing of certificates,
 * encrypted private keys, debug output.
 *
 * toolchains/deps lays this file over the library's own mbedtls_config.h, so that the library, curl
 * and depotlink cannot disagree about it.
 */

/* Platform */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE /* validity periods are checked, always */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY   /* mbedtls_platform_set_calloc_free(): accounting and fault tests */
#define MBEDTLS_PLATFORM_TIME_ALT /* mbedtls_platform_set_time(): boxes without a clock, tests */
#define MBEDTLS_THREADING_C       /* the HTTP and the MQTT side may run in different threads */
#define MBEDTLS_THREADING_PTHREAD
#define MBEDTLS_FS_IO
#define MBEDTLS_ERROR_C /* texts that a technician can search for */
#define MBEDTLS_VERSION_C

/* Randomness */
#define MBEDTLS_ENTROPY_C
#define MBEDTLS_CTR_DRBG_C

/* Hashes and key derivation */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
/* Only to parse roots that signed themselves with SHA-1 (DigiCert Global Root CA among them): without
 * it they are not loaded at all. The verification profile must refuse SHA-1 below the root. */
#define MBEDTLS_SHA1_C
#define MBEDTLS_HKDF_C

/* Ciphers */
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES /* tables in the file, shared and clean, not 8 KiB of heap */
#define MBEDTLS_AESNI_C
#define MBEDTLS_AESCE_C
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C /* faster than AES where the processor has no AES instructions (armhf) */
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

/* Public keys */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_MAX_SIZE 512 /* RSA up to 4096 bits */
#define MBEDTLS_MPI_WINDOW_SIZE 2
#define MBEDTLS_OID_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_ECP_C
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_SECP521R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_WINDOW_SIZE 2 /* no tables of precomputed points on the heap */
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_PARSE_EC_EXTENDED
#define MBEDTLS_PK_PARSE_EC_COMPRESSED
#define MBEDTLS_PK_WRITE_C /* the public key's bytes, for pinning */

/* Certificates */
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT

/* TLS */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED /* resumption by ticket */
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* pinning looks at it after the handshake */
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384  /* a server may send full records, and cannot be asked not to */
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096
#define MBEDTLS_PSA_CRYPTO_C /* TLS 1.3 is written against it */
