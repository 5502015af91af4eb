"""Proofs of the rules of the DezerX license API: domain and product, which go with every call."""

from __future__ import annotations

from contract_tests.lab import Lab, rule
from contract_tests.proofs.dezerx import steps

# Domain


@rule("dezerx.domain.required")
def test_domain_required(lab: Lab) -> None:
    """Without a domain the call is refused, and the answer says Domain is required."""
    for operation in lab.secured():
        steps.is_refused(
            lab.call(operation, key=lab.key(), presents=steps.without(lab.key(), "domain")), "Domain is required"
        )


@rule("dezerx.domain.required-answer")
def test_domain_required_answer(lab: Lab) -> None:
    """Without a domain the answer is 400 with code MISSING_DOMAIN."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=steps.without(lab.key(), "domain")).expect(400)
        steps.has_member(answer, "error_code", "MISSING_DOMAIN")


@rule("dezerx.domain.mismatch")
def test_domain_mismatch(lab: Lab) -> None:
    """The licence's own domain is let in and another one is refused."""
    key = lab.key()
    for operation in lab.secured():
        lab.call(operation, key=key).given()
        steps.is_refused(lab.call(operation, key=key, presents={**key.presents, "domain": steps.ELSEWHERE}))


@rule("dezerx.domain.mismatch-answer")
def test_domain_mismatch_answer(lab: Lab) -> None:
    """Another domain is answered with 403 and code DOMAIN_MISMATCH."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents={**lab.key().presents, "domain": steps.ELSEWHERE})
        steps.tells(answer, 403, "Domain mismatch. License not valid for this domain.", "DOMAIN_MISMATCH")


@rule("dezerx.domain.none-configured")
def test_no_domain_configured(lab: Lab) -> None:
    """A licence without a domain is answered with 403 and code NO_DOMAIN_CONFIGURED."""
    key = lab.key("no_domain")
    for operation in lab.secured():
        answer = lab.call(operation, key=key, presents={**key.presents, "domain": steps.ELSEWHERE})
        steps.tells(answer, 403, "No domain configured for this license", "NO_DOMAIN_CONFIGURED")


@rule("dezerx.domain.bare")
def test_domain_bare(lab: Lab) -> None:
    """The licence's domain with a scheme or with www. before it does not match."""
    key = lab.key()
    domain = key.presents["domain"]
    for operation in lab.secured():
        lab.call(operation, key=key).given()
        for written in (f"https://{domain}", f"www.{domain}"):
            answer = lab.call(operation, key=key, presents={**key.presents, "domain": written}).expect(403)
            steps.has_member(answer, "error_code", "DOMAIN_MISMATCH")


# Product


@rule("dezerx.product.required")
def test_product_required(lab: Lab) -> None:
    """Without a product id the call is refused, and the answer says Product ID is required."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=steps.without(lab.key(), "product_id"))
        steps.is_refused(answer, "Product ID is required")


@rule("dezerx.product.required-answer")
def test_product_required_answer(lab: Lab) -> None:
    """Without a product id the answer is 400 with code MISSING_PRODUCT_ID."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=steps.without(lab.key(), "product_id")).expect(400)
        steps.has_member(answer, "error_code", "MISSING_PRODUCT_ID")


@rule("dezerx.product.mismatch")
def test_product_mismatch(lab: Lab) -> None:
    """The licence's own product is let in; another one is refused, and the answer says Product ID mismatch."""
    key = lab.key()
    for operation in lab.secured():
        lab.call(operation, key=key).given()
        steps.is_refused(lab.call(operation, key=key, presents=steps.other_product(key)), "Product ID mismatch")


@rule("dezerx.product.mismatch-answer")
def test_product_mismatch_answer(lab: Lab) -> None:
    """Another product is answered with 403 and code PRODUCT_ID_MISMATCH."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents=steps.other_product(lab.key()))
        steps.tells(answer, 403, "Product ID mismatch. License not valid for this product.", "PRODUCT_ID_MISMATCH")


@rule("dezerx.product.not-a-number")
def test_product_not_a_number(lab: Lab) -> None:
    """A product id that is no number is answered as another product is."""
    for operation in lab.secured():
        answer = lab.call(operation, key=lab.key(), presents={**lab.key().presents, "product_id": "first"}).expect(403)
        steps.has_member(answer, "error_code", "PRODUCT_ID_MISMATCH")


# Where domain and product come from


@rule("dezerx.presented.headers")
def test_from_headers(lab: Lab) -> None:
    """X-Domain and X-Product-ID are enough, and are what is compared."""
    headers = steps.headers(lab.key())
    for operation in lab.secured():
        lab.call(operation, headers=headers).passes()
        steps.is_refused(lab.call(operation, headers={**headers, "X-Domain": steps.ELSEWHERE}))
        steps.is_refused(
            lab.call(operation, headers={**headers, "X-Product-ID": steps.other_product(lab.key())["product_id"]})
        )


@rule("dezerx.presented.body")
def test_from_body(lab: Lab) -> None:
    """domain and product_id in a JSON body are enough, in a GET as in a POST, and are what is compared."""
    key = lab.key()
    body = steps.body(key)
    for operation in lab.secured():
        lab.call(operation, key=key, presents={}, json=body).passes()
        steps.is_refused(lab.call(operation, key=key, presents={}, json={**body, "domain": steps.ELSEWHERE}))
        steps.is_refused(lab.call(operation, key=key, presents={}, json={**body, "product_id": body["product_id"] + 1}))


@rule("dezerx.presented.header-wins")
def test_header_wins(lab: Lab) -> None:
    """Of a header and a body that disagree the header decides, for the domain and for the product."""
    key = lab.key()
    body = steps.body(key)
    wrong = {"domain": steps.ELSEWHERE, "product_id": body["product_id"] + 1}
    for operation in lab.secured():
        for name, value in wrong.items():
            lab.call(operation, key=key, json={**body, name: value}).passes()
            lab.call(operation, key=key, presents={**key.presents, name: value}, json=body).expect(403)


@rule("dezerx.presented.mixed")
def test_header_and_body(lab: Lab) -> None:
    """One of the two in its header and the other in the body are read together."""
    key = lab.key()
    body = steps.body(key)
    for operation in lab.secured():
        for name in body:
            lab.call(operation, key=key, presents={name: key.presents[name]}, json=steps.without(body, name)).passes()
