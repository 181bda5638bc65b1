// Passkeys: the browser asks the device, and the form sends what the device answers. Nothing else leaves this page.
"use strict";

(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const descriptors = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function create(options) {
    const publicKey = {
      ...options.publicKey,
      challenge: bytes(options.publicKey.challenge),
      user: { ...options.publicKey.user, id: bytes(options.publicKey.user.id) },
      excludeCredentials: descriptors(options.publicKey.excludeCredentials),
      // One that the device keeps and opens by finger, face or PIN: it can stand for both steps of a sign-in.
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    };
    return navigator.credentials.create({ publicKey });
  }

  async function get(options) {
    const publicKey = {
      ...options.publicKey,
      challenge: bytes(options.publicKey.challenge),
      allowCredentials: descriptors(options.publicKey.allowCredentials),
    };
    return navigator.credentials.get({ publicKey });
  }

  function written(credential) {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[part]) response[part] = text(credential.response[part]);
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  async function optionsOf(form) {
    if (!form.dataset.optionsUrl) return JSON.parse(document.getElementById("passkey-options").textContent);
    const answer = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = !window.PublicKeyCredential;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const failed = form.querySelector("[data-passkey-failed]");
      failed.hidden = true;
      try {
        const options = await optionsOf(form);
        const isNew = form.dataset.passkey === "create";
        const credential = isNew ? await create(options.creation_options || options) : await get(options.request_options || options);
        form.elements.credential.value = written(credential);
        form.submit();
      } catch {
        failed.hidden = false;
        failed.focus();
      }
    });
  }
})();
