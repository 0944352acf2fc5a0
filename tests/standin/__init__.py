# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the upstream API: HTTPS on loopback, fleets of any size, faults on demand."""
