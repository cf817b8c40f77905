"""The sources of the lake, listed in `SOURCES`: a new one is a file here and a word there."""

from customer360.sources.catalog import CATALOG
from customer360.sources.crm import CRM
from customer360.sources.ecommerce import ECOMMERCE
from customer360.sources.marketing import MARKETING
from customer360.sources.pos import POS
from customer360.sources.service import SERVICE
from customer360.sources.social import SOCIAL
from customer360.sources.web import WEB

SOURCES = (POS, ECOMMERCE, WEB, SOCIAL, CRM, SERVICE, MARKETING, CATALOG)
