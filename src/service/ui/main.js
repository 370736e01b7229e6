import { LitElement, html } from 'lit';

class SecretManager extends LitElement {
  render() {
    return html`<h1>Secret Manager</h1>`;
  }
}

customElements.define('secret-manager', SecretManager);
