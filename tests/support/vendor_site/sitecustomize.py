"""Python runs this file at its start when its folder is on PYTHONPATH; see `support.vendor_server`."""

import os

import vendor_redirect

if vendor_redirect.URL_VARIABLE in os.environ:
    vendor_redirect.install(os.environ[vendor_redirect.URL_VARIABLE])
